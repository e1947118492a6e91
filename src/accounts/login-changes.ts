/** The one place where a change of who may log in is told: to this process by the login, to others by a count. */
import type { ReadTransaction, Transaction } from '../db/database.ts';

export const loginTopic = 'login';

/** Sessions of the login are looked at again after the commit. */
export async function noteLoginChange(tx: Transaction, loginId: number): Promise<void> {
  await tx.run('UPDATE login_change SET serial = serial + 1 WHERE id = 1');
  tx.notify(loginTopic, `${loginId}`);
}

/** Moves with each change, whoever makes it. */
export async function readLoginSerial(tx: ReadTransaction): Promise<number> {
  const row = await tx.get<{ serial: number }>('SELECT serial FROM login_change WHERE id = 1');
  return row?.serial ?? 0;
}
