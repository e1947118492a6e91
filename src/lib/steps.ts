/**
 * Named points in a transaction where a crash must be harmless. Production passes {@link noSteps}; tests pass
 * something that kills the process or throws at the step they name.
 */
export interface Steps {
  reached(step: string): Promise<void> | void;
}

export const noSteps: Steps = { reached: () => undefined };
