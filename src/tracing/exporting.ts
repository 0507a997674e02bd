import type { Attributes as ApiAttributes, Tracer } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import { currentPlace } from './current.ts';
import { Losses } from './losses.ts';
import { type ExportedMetric, inOtlp } from './metric-data.ts';
import type { Exporting, Lost, OpenSpan, SpanStart } from './tracing.ts';

export type { ExportedMetric } from './metric-data.ts';

/** Where spans and metrics go, by the names of OpenTelemetry's own variables. */
export interface ExportOptions {
  /** Of the collector; `/v1/traces` and `/v1/metrics` lie below it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: 'always_on' | 'always_off' | 'traceidratio';
  readonly isParentBased: boolean;
  /** 0 to 1; of `traceidratio`. */
  readonly ratio: number;
  readonly metricsEveryMs: number;
  readonly tracesEveryMs: number;
  /** So many spans wait for the collector at most, those on their way included; what is more is lost. */
  readonly maxWaiting: number;
}

interface Parts {
  readonly log: Logger;
  readonly lost: Lost;
  readonly metrics: () => Promise<readonly ExportedMetric[]>;
}

const MAX_BATCH = 512;
/** What is left at the end has so long. */
const LAST_MS = 3_000;

/** Loads the packages, which nobody else does, and begins to bring away. */
export async function startExporting(options: ExportOptions, parts: Parts): Promise<Exporting> {
  const [api, sdk, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resourceFromAttributes({
    ...options.resource,
    'service.name': options.serviceName,
    'service.version': VERSION,
  });
  const spans = await spanProcessor(options, parts);
  const provider = new sdk.TracerProvider({
    resource,
    sampler: samplerOf(sdk, options),
    spanProcessors: [spans],
  });
  const metrics = await startMetrics(options, parts, resource);
  const tracer = provider.getTracer('echo-brain', VERSION);
  return {
    begin: (start) => begin(api, tracer, start),
    stop: async () => {
      const last = Promise.allSettled([provider.shutdown(), metrics.shutdown()]);
      const tooLong = new Promise<void>((resolve) => setTimeout(resolve, LAST_MS).unref());
      await Promise.race([last, tooLong]);
    },
  };
}

function samplerOf(
  sdk: typeof import('@opentelemetry/sdk-trace'),
  { sampler, isParentBased, ratio }: ExportOptions,
): Sampler {
  const root =
    sampler === 'traceidratio'
      ? new sdk.TraceIdRatioBasedSampler(ratio)
      : new { always_on: sdk.AlwaysOnSampler, always_off: sdk.AlwaysOffSampler }[sampler]();
  return isParentBased ? new sdk.ParentBasedSampler({ root }) : root;
}

/** Never waits for the collector, and holds no more than its bound. */
async function spanProcessor(options: ExportOptions, { log, lost }: Parts) {
  const [sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const losses = new Losses('traces', lost, log);
  const exporter = new OTLPTraceExporter(connectionTo(options, 'traces'));
  let waiting = 0;
  const counted: SpanExporter = {
    export: (batch, done) =>
      exporter.export(batch, (result) => {
        waiting -= batch.length;
        if (result.code === 0) losses.none();
        else losses.note(batch.length, result.error);
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const batches = new sdk.BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: options.maxWaiting,
    maxExportBatchSize: Math.min(MAX_BATCH, options.maxWaiting),
    scheduledDelayMillis: options.tracesEveryMs,
    exportTimeoutMillis: options.timeoutMs,
  });
  return {
    onStart: () => undefined,
    onEnd: (span: ReadableSpan) => {
      if ((span.spanContext().traceFlags & 1) === 0) return;
      if (waiting >= options.maxWaiting) return losses.note(1);
      waiting++;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}

/** What is in the registry of metrics, again and again, under the same names. */
async function startMetrics(options: ExportOptions, { log, lost, metrics }: Parts, resource: Resource) {
  const [sdk, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]);
  const losses = new Losses('metrics', lost, log);
  const exporter = new OTLPMetricExporter(connectionTo(options, 'metrics'));
  const began = Date.now();
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: {
      export: (batch, done) =>
        exporter.export(batch, (result) => {
          if (result.code === 0) losses.none();
          else losses.note(1, result.error);
          done(result);
        }),
      forceFlush: () => exporter.forceFlush(),
      shutdown: () => exporter.shutdown(),
    },
    exportIntervalMillis: options.metricsEveryMs,
    exportTimeoutMillis: Math.min(options.timeoutMs, options.metricsEveryMs),
    metricProducers: [
      {
        collect: async () => ({
          resourceMetrics: {
            resource,
            scopeMetrics: [
              {
                scope: { name: 'echo-brain', version: VERSION },
                metrics: inOtlp(sdk, await metrics(), began),
              },
            ],
          },
          errors: [],
        }),
      },
    ],
  });
  return new sdk.MeterProvider({ resource, readers: [reader] });
}

function connectionTo({ endpoint, headers, timeoutMs }: ExportOptions, signal: 'traces' | 'metrics') {
  return {
    url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
  };
}

function begin(
  api: typeof import('@opentelemetry/api'),
  tracer: Tracer,
  { name, kind, attributes, parent = currentPlace() }: SpanStart,
): OpenSpan {
  const above = parent
    ? api.trace.setSpanContext(api.ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.sampled ? 1 : 0,
        isRemote: kind === 'server',
      })
    : api.ROOT_CONTEXT;
  const kinds = { server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT, internal: api.SpanKind.INTERNAL };
  const span = tracer.startSpan(
    name,
    { kind: kinds[kind], attributes: { ...attributes } as ApiAttributes },
    above,
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    place: { traceId, spanId, sampled: (traceFlags & 1) === 1 },
    set: (given) => void span.setAttributes({ ...given } as ApiAttributes),
    end: (error) => {
      if (error !== null) {
        span.setStatus({ code: api.SpanStatusCode.ERROR });
        span.setAttribute('error.type', error);
      }
      span.end();
    },
  };
}
