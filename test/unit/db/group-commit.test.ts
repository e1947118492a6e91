import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchConnection, defaultBatchLimits, GroupCommit } from '../../../src/db/group-commit.ts';

/** Notes the statements, and throws at those told to. */
class ScriptedConnection implements BatchConnection {
  readonly statements: string[] = [];
  readonly failing = new Set<string>();
  busy = 0;
  inTransaction = false;

  tryBegin(): boolean {
    if (this.busy > 0) {
      this.busy -= 1;
      return false;
    }
    this.run('BEGIN');
    this.inTransaction = true;
    return true;
  }

  run(sql: string): void {
    this.statements.push(sql);
    if (this.failing.delete(sql)) throw new Error(`${sql} failed`);
    if (sql === 'COMMIT' || sql === 'ROLLBACK') this.inTransaction = false;
  }
}

function createMember(published: string[] = [], name = '') {
  return {
    lastUse: performance.now(),
    end: () => undefined,
    publish: () => {
      published.push(name);
    },
  };
}

function createGroup(connection: BatchConnection, limits = {}): GroupCommit {
  const fail = (reason: string, cause: unknown) => Object.assign(new Error(reason, { cause }), { reason });
  return new GroupCommit(connection, fail, { ...defaultBatchLimits, ...limits });
}

test('those who wait together share one commit', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  const order: number[] = [];
  const results = await Promise.all(
    [1, 2, 3].map((n) =>
      group.add(createMember(), async () => {
        order.push(n);
        return n * 10;
      }),
    ),
  );
  assert.deepEqual(results, [10, 20, 30]);
  assert.deepEqual(order, [1, 2, 3]);
  assert.equal(connection.statements.filter((sql) => sql === 'COMMIT').length, 1);
});

test('when the commit fails all of the batch are rejected, nothing is published, and the next batch goes', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  connection.failing.add('COMMIT');
  const published: string[] = [];
  const settled = await Promise.allSettled(
    ['a', 'b'].map((name) => group.add(createMember(published, name), async () => name)),
  );
  assert.deepEqual(
    settled.map((result) => (result.status === 'rejected' ? result.reason.reason : result.value)),
    ['could not commit', 'could not commit'],
  );
  assert.deepEqual(published, []);
  assert.equal(connection.inTransaction, false);
  assert.equal(await group.add(createMember(published, 'c'), async () => 'c'), 'c');
  assert.deepEqual(published, ['c']);
});

test('a commit and a rollback that both fail do not block the next batch', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  connection.failing.add('COMMIT');
  connection.failing.add('ROLLBACK');
  await assert.rejects(group.add(createMember(), async () => 1));
  assert.equal(connection.inTransaction, true);
  assert.equal(await group.add(createMember(), async () => 2), 2);
});

test('publishing comes after the commit and before the answer', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  const events = connection.statements;
  await group.add(createMember(events, 'published'), async () => undefined);
  events.push('answered');
  assert.deepEqual(events, [
    'BEGIN',
    'SAVEPOINT member',
    'RELEASE member',
    'COMMIT',
    'published',
    'answered',
  ]);
});

test('a failing member is undone to its savepoint, not further', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  const bad = group.add(createMember(), async () => {
    throw new Error('mine');
  });
  const good = group.add(createMember(), async () => 'good');
  await assert.rejects(bad, /mine/);
  assert.equal(await good, 'good');
  assert.deepEqual(connection.statements, [
    'BEGIN',
    'SAVEPOINT member',
    'ROLLBACK TO member',
    'RELEASE member',
    'SAVEPOINT member',
    'RELEASE member',
    'COMMIT',
  ]);
});

test('a batch takes no more members than its limit', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection, { members: 2 });
  await Promise.all([1, 2, 3, 4, 5].map((n) => group.add(createMember(), async () => n)));
  assert.equal(connection.statements.filter((sql) => sql === 'COMMIT').length, 3);
});

test('a lock held elsewhere is waited for', async () => {
  const connection = new ScriptedConnection();
  connection.busy = 3;
  assert.equal(await createGroup(connection).add(createMember(), async () => 'done'), 'done');
  assert.equal(connection.busy, 0);
});

test('a lock held for too long rejects all who wait', async () => {
  const connection = new ScriptedConnection();
  connection.busy = Number.POSITIVE_INFINITY;
  const group = createGroup(connection, { lockWaitMs: 5 });
  const settled = await Promise.allSettled([1, 2].map((n) => group.add(createMember(), async () => n)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  connection.busy = 0;
  assert.equal(await group.add(createMember(), async () => 'later'), 'later');
});

test('when the engine ends the transaction under a member, those who ran before it are rejected too', async () => {
  const connection = new ScriptedConnection();
  const group = createGroup(connection);
  const before = group.add(createMember(), async () => 'ran before');
  const full = group.add(createMember(), async () => {
    connection.inTransaction = false;
    throw new Error('disk full');
  });
  const after = group.add(createMember(), async () => 'ran after');
  await assert.rejects(full, /disk full/);
  await assert.rejects(before, /could not commit/);
  assert.equal(await after, 'ran after');
});

/** Its commits are durable only when their flush ends. */
class FlushedConnection extends ScriptedConnection {
  readonly flushes: PromiseWithResolvers<void>[] = [];

  flush(): Promise<void> {
    this.statements.push('flush');
    const flushed = Promise.withResolvers<void>();
    this.flushes.push(flushed);
    return flushed.promise;
  }
}

async function untilFlush(connection: FlushedConnection, count: number) {
  while (connection.flushes.length < count) await new Promise((resolve) => setImmediate(resolve));
  return connection.flushes[count - 1];
}

test('a batch is answered when it is flushed, and the next one gathers meanwhile', async () => {
  const connection = new FlushedConnection();
  const group = createGroup(connection);
  const events = connection.statements;
  assert.equal(group.flushing, undefined);
  const first = group.add(createMember(events, 'published'), async () => 1);
  const flush = await untilFlush(connection, 1);
  const others = [2, 3].map((n) => group.add(createMember(), async () => n));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(events, ['BEGIN', 'SAVEPOINT member', 'RELEASE member', 'COMMIT', 'flush']);
  const flushing = group.flushing;
  assert.notEqual(flushing, undefined);
  flush?.resolve();
  await flushing;
  assert.equal(await first, 1);
  assert.equal(events[5], 'published');
  (await untilFlush(connection, 2))?.resolve();
  assert.deepEqual(await Promise.all(others), [2, 3]);
  assert.equal(events.filter((sql) => sql === 'COMMIT').length, 2);
  assert.equal(group.flushing, undefined);
  await group.idle();
});

test('a flush that fails rejects its batch, those who wait, and all that come later', async () => {
  const connection = new FlushedConnection();
  const group = createGroup(connection);
  const published: string[] = [];
  const reason = { reason: 'could not be flushed to the disk, and must be opened anew' };
  const first = assert.rejects(
    group.add(createMember(published, 'a'), async () => 1),
    reason,
  );
  const flush = await untilFlush(connection, 1);
  const waiting = assert.rejects(
    group.add(createMember(published, 'b'), async () => 2),
    reason,
  );
  flush?.reject(new Error('EIO'));
  await Promise.all([first, waiting]);
  await assert.rejects(
    group.add(createMember(published, 'c'), async () => 3),
    reason,
  );
  await assert.rejects(group.flushing ?? Promise.resolve(), reason);
  assert.deepEqual(published, []);
  assert.equal(connection.statements.filter((sql) => sql === 'COMMIT').length, 1);
});
