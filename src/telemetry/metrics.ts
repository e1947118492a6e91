/**
 * Counters, gauges and histograms in Prometheus' text format (version 0.0.4). Names and labels are fixed when a metric
 * is made; values of labels must come from a small closed set, never from outside (no address, no message id).
 */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels, amount?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(amount: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface MetricsRegistry {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `bounds`: upper bounds in ascending order, in the unit that the name ends in. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** Runs before each rendering: for values that are read rather than counted. */
  beforeRender(update: () => void): void;
  render(): string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string>;
}

export function createMetricsRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();
  const updates: (() => void)[] = [];
  const register = (family: Family): void => {
    if (families.has(family.name)) throw new Error(`metric ${family.name} exists already`);
    families.set(family.name, family);
  };
  return {
    counter(name, help) {
      const values = new LabelledValues();
      register({ name, help, kind: 'counter', lines: () => values.lines(name) });
      return { add: (labels = {}, amount = 1) => values.add(labels, amount) };
    },
    gauge(name, help) {
      const values = new LabelledValues();
      register({ name, help, kind: 'gauge', lines: () => values.lines(name) });
      return {
        set: (value, labels = {}) => values.set(labels, value),
        add: (amount, labels = {}) => values.add(labels, amount),
      };
    },
    histogram(name, help, bounds) {
      const distribution = new Distribution(name, bounds);
      register({ name, help, kind: 'histogram', lines: () => distribution.lines() });
      return { observe: (value, labels = {}) => distribution.observe(value, labels) };
    },
    beforeRender: (update) => void updates.push(update),
    render() {
      for (const update of updates) update();
      return [...families.values()].map(renderFamily).join('');
    },
  };
}

function renderFamily(family: Family): string {
  const head = `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.kind}\n`;
  return [head, ...family.lines()].join('');
}

/** One number for each combination of label values, in order of first use. */
class LabelledValues {
  readonly #values = new Map<string, number>();

  set(labels: Labels, value: number): void {
    this.#values.set(renderLabels(labels), value);
  }

  add(labels: Labels, amount: number): void {
    const key = renderLabels(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  *lines(name: string): Generator<string> {
    for (const [labels, value] of this.#values) yield `${name}${labels} ${value}\n`;
  }
}

class Distribution {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels): void {
    const key = renderLabels(labels);
    const series = this.#series.get(key) ?? { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#series.set(key, series);
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
  }

  *lines(): Generator<string> {
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let below = 0;
      for (const [index, bound] of this.#bounds.entries()) {
        below += counts[index] ?? 0;
        yield `${this.#name}_bucket${renderLabels({ ...labels, le: String(bound) })} ${below}\n`;
      }
      yield `${this.#name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${count}\n`;
      yield `${this.#name}_sum${renderLabels(labels)} ${sum}\n`;
      yield `${this.#name}_count${renderLabels(labels)} ${count}\n`;
    }
  }
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
