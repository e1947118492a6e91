/** What is wrong in the world right now, by the plan; and how often a fault really struck. */
import { hour, type NetworkTrouble, type PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

type Lasting = Extract<PlannedFault, { from: number }>;
type LocalFault = Extract<Lasting, { provider: number }>;
type LocalKind = LocalFault['kind'];

export class Conditions {
  readonly #active = new Set<Lasting>();
  /** How often each fault struck. */
  readonly struck = new Map<string, number>();

  begin(fault: Lasting): void {
    this.#active.add(fault);
  }

  end(fault: Lasting): void {
    this.#active.delete(fault);
  }

  /** Counts a fault that struck. */
  count(what: string): void {
    this.struck.set(what, (this.struck.get(what) ?? 0) + 1);
  }

  /** The faults of this kind at this provider. */
  at<K extends LocalKind>(kind: K, provider: number): Extract<LocalFault, { kind: K }>[] {
    const found: Lasting[] = [];
    for (const fault of this.#active)
      if (fault.kind === kind && 'provider' in fault && fault.provider === provider) found.push(fault);
    return found as Extract<LocalFault, { kind: K }>[];
  }

  /** True when nothing goes from the one to the other. */
  isCut(from: number, to: number): boolean {
    for (const fault of this.#active) {
      if (fault.kind !== 'partition') continue;
      const fromInside = fault.inside.includes(from);
      if (fromInside !== fault.inside.includes(to) && (fromInside || !fault.oneWay)) return true;
    }
    return false;
  }

  /** True, and counted, when the network does this now. */
  strikes(trouble: NetworkTrouble, random: Random): boolean {
    let probability = 0;
    for (const fault of this.#active)
      if (fault.kind === 'network') probability = Math.max(probability, fault[trouble]);
    if (probability === 0 || !random.chance(probability)) return false;
    this.count(`network: ${trouble}`);
    return true;
  }

  /** How much later than usual something comes on a bad network. */
  lateness(random: Random): number {
    return this.strikes('late', random) ? random.fraction() * random.pick([5000, 0.1 * hour, hour]) : 0;
  }
}
