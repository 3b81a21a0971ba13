import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Uploads } from './content/index.ts';

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

/** What the registry counts, for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly requests: Histogram<'method' | 'route' | 'code'>;
  readonly inFlight: Gauge;
  /** Bytes of blobs that clients were sent and have sent. */
  readonly sent: Counter;
  readonly received: Counter;
  /** Requests for content of upstream registries, by what answered them. */
  readonly proxied: Counter<'answer'>;
  readonly collected: Counter;

  constructor(uploads: Uploads) {
    const registers = [this.#registry];
    const of = (name: string, help: string) => ({ name: `berth_registry_${name}`, help, registers });
    this.requests = new Histogram({
      ...of('request_duration_seconds', 'Requests, by method, route and status'),
      labelNames: ['method', 'route', 'code'],
      buckets: SECONDS,
    });
    this.inFlight = new Gauge(of('requests_in_flight', 'Requests that are being served'));
    this.sent = new Counter(of('blob_bytes_sent_total', 'Bytes of blobs sent to clients'));
    this.received = new Counter(of('blob_bytes_received_total', 'Bytes of blobs received from clients'));
    this.proxied = new Counter({
      ...of('proxied_total', 'Requests for content of upstream registries, by what answered them'),
      labelNames: ['answer'],
    });
    this.collected = new Counter(of('collected_bytes_total', 'Bytes that garbage collections have freed'));
    new Gauge({
      ...of('uploads', 'Uploads under way'),
      async collect() {
        this.set(await uploads.count());
      },
    });
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
