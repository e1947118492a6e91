/** THREAD=REFERENCES (RFC 5256 §3), step by step as the RFC numbers them. */
import { compareBySentDate, type Thread, type ThreadMessage } from './thread.ts';

/** A message, or the place of one that was referred to and is not there (dummy). */
class Node {
  message: ThreadMessage | undefined;
  parent: Node | undefined;
  children: Node[] = [];

  constructor(message?: ThreadMessage) {
    this.message = message;
  }

  /** Both directions of the link, always together. */
  moveTo(parent: Node | undefined): void {
    if (this.parent === parent) return;
    if (this.parent !== undefined)
      this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = parent;
    parent?.children.push(this);
  }

  isWithin(other: Node): boolean {
    for (let node: Node | undefined = this; node !== undefined; node = node.parent)
      if (node === other) return true;
    return false;
  }

  /** The message to sort by: its own, or for a dummy its first child's. */
  get leading(): ThreadMessage | undefined {
    return this.message ?? this.children[0]?.message;
  }
}

export function threadByReferences(messages: readonly ThreadMessage[]): Thread[] {
  const roots = prune(gatherRoots(linkAll(messages)));
  sortByLeading(roots);
  const merged = mergeSubjects(roots);
  sortTree(merged);
  return toThreads(merged);
}

/** Steps 1.A and 1.B. */
function linkAll(messages: readonly ThreadMessage[]): Node[] {
  const { nodes, byId } = placeMessages(messages);
  for (const node of [...nodes]) {
    const { references = [] } = node.message ?? {};
    let ancestor: Node | undefined;
    for (const id of references) {
      const next: Node = byId.get(id) ?? addDummy(nodes, byId, id);
      if (ancestor !== undefined && next.parent === undefined && !ancestor.isWithin(next))
        next.moveTo(ancestor);
      ancestor = next;
    }
    // The last reference is the parent, whatever truncated references of others made of it.
    if (ancestor === undefined) node.moveTo(undefined);
    else if (!ancestor.isWithin(node)) node.moveTo(ancestor);
  }
  return nodes;
}

/** The first message with an id has it; others with the same id stand alone. */
function placeMessages(messages: readonly ThreadMessage[]): { nodes: Node[]; byId: Map<string, Node> } {
  const byId = new Map<string, Node>();
  const nodes = messages.map((message) => {
    const node = new Node(message);
    if (message.id !== undefined && !byId.has(message.id)) byId.set(message.id, node);
    return node;
  });
  return { nodes, byId };
}

function addDummy(nodes: Node[], byId: Map<string, Node>, id: string): Node {
  const dummy = new Node();
  nodes.push(dummy);
  byId.set(id, dummy);
  return dummy;
}

/** Step 2. */
const gatherRoots = (nodes: readonly Node[]): Node[] => nodes.filter((node) => node.parent === undefined);

/** Step 3: dummies go and their children move up, but under the root only a single one. */
function prune(roots: readonly Node[]): Node[] {
  for (const node of deepestFirst(roots)) {
    if (node.message !== undefined || node.parent === undefined) continue;
    const { parent, children } = node;
    for (const child of children) child.parent = parent;
    parent.children = parent.children.flatMap((child) => (child === node ? children : [child]));
  }
  return roots.flatMap((root) => {
    if (root.message !== undefined || root.children.length > 1) return [root];
    const [only] = root.children;
    only?.moveTo(undefined);
    return only === undefined ? [] : [only];
  });
}

/** Step 4. */
function sortByLeading(siblings: Node[]): void {
  for (const node of siblings) if (node.message === undefined) node.children.sort(compareNodes);
  siblings.sort(compareNodes);
}

function compareNodes(a: Node, b: Node): number {
  const [one, other] = [a.leading, b.leading];
  return one === undefined || other === undefined ? 0 : compareBySentDate(one, other);
}

/** Step 5. */
function mergeSubjects(roots: readonly Node[]): Node[] {
  const table = fillSubjectTable(roots);
  const gone = new Set<Node>();
  const made: Node[] = [];
  for (const node of roots) {
    const subject = subjectOf(node);
    const other = subject === '' ? undefined : table.get(subject);
    if (other === undefined || other === node) continue;
    const together = mergeInto(other, node);
    gone.add(node);
    if (together === other) continue;
    gone.add(other);
    made.push(together);
    table.set(subject, together);
  }
  return [...roots, ...made].filter((node) => !gone.has(node));
}

const subjectOf = (node: Node): string => node.leading?.subject.text ?? '';
const isReply = (node: Node): boolean => node.leading?.subject.isReply ?? false;

/** Step 5.B. */
function fillSubjectTable(roots: readonly Node[]): Map<string, Node> {
  const table = new Map<string, Node>();
  for (const node of roots) {
    const subject = subjectOf(node);
    if (subject === '') continue;
    const held = table.get(subject);
    const better =
      held?.message !== undefined && (node.message === undefined || (isReply(held) && !isReply(node)));
    if (held === undefined || better) table.set(subject, node);
  }
  return table;
}

/** Step 5.C: the node that now stands for both. */
function mergeInto(held: Node, node: Node): Node {
  if (held.message === undefined && node.message === undefined) {
    for (const child of [...node.children]) child.moveTo(held);
    return held;
  }
  if (held.message === undefined || (isReply(node) && !isReply(held))) {
    node.moveTo(held);
    return held;
  }
  const dummy = new Node();
  node.moveTo(dummy);
  held.moveTo(dummy);
  return dummy;
}

/** Step 6: the youngest siblings first. */
function sortTree(roots: Node[]): void {
  for (const node of deepestFirst(roots)) node.children.sort(compareNodes);
  roots.sort(compareNodes);
}

/** All nodes, each after those below it; without recursion, for threads may be very deep. */
function deepestFirst(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const work = [...roots];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    order.push(node);
    for (const child of node.children) work.push(child);
  }
  return order.reverse();
}

function toThreads(roots: readonly Node[]): Thread[] {
  const made = new Map<Node, Thread>();
  const threadOf = (node: Node) => made.get(node) as Thread;
  for (const node of deepestFirst(roots)) {
    made.set(node, { uid: node.message?.uid, children: node.children.map(threadOf) });
  }
  return roots.map(threadOf);
}
