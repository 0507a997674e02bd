import { z } from 'zod';
import { oneOf, url, wholeNumber } from './values.ts';

const MAX_PAIRS = 50;

/** `name=value` by commas, percent-encoded, as OpenTelemetry writes them. Its words are never repeated: they may be a secret. */
const pairs = z.string().transform((text, context) => {
  const found: Record<string, string> = {};
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [, name, value] =
      /^\s*([!#$%&'*+.^`|~\w-]{1,200})\s*=\s*([\x21-\x7e ]{0,4000}?)\s*$/.exec(part) ?? [];
    const decoded = value === undefined ? null : unescaped(value);
    if (name !== undefined && decoded !== null) found[name] = decoded;
    else {
      context.addIssue({
        code: 'custom',
        message: 'must be name=value, percent-encoded, separated by commas',
      });
      return z.NEVER;
    }
  }
  if (Object.keys(found).length <= MAX_PAIRS) return found;
  context.addIssue({ code: 'custom', message: `must have at most ${MAX_PAIRS} names` });
  return z.NEVER;
});

function unescaped(value: string): string | null {
  try {
    const text = decodeURIComponent(value);
    // A header that cannot be sent would fail each time.
    return /^[\x20-\x7e]*$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

const share = z.string().transform((text, context) => {
  const value = /^(?:0|1|0?\.\d{1,9}|1\.0{1,9}|0\.0)$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  context.addIssue({ code: 'custom', message: `must be a number from 0 to 1, not "${text}"` });
  return z.NEVER;
});

/** Traces and metrics for a collector, by the names that OpenTelemetry gives these variables. */
export const settings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').optional(),
  OTEL_EXPORTER_OTLP_HEADERS: pairs.prefault(''),
  OTEL_EXPORTER_OTLP_TIMEOUT: wholeNumber(100, 60_000).prefault('10000'),
  OTEL_SERVICE_NAME: z.string().max(200, 'must be at most 200 characters').default('echo-brain'),
  OTEL_RESOURCE_ATTRIBUTES: pairs.prefault(''),
  OTEL_TRACES_SAMPLER: oneOf(
    ...(['always_on', 'always_off', 'traceidratio'] as const),
    ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
  ).prefault('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: share.prefault('1'),
  OTEL_METRIC_EXPORT_INTERVAL: wholeNumber(1_000, 3_600_000).prefault('60000'),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber(100, 60_000).prefault('5000'),
  OTEL_BSP_MAX_QUEUE_SIZE: wholeNumber(64, 65_536).prefault('2048'),
  OTEL_SDK_DISABLED: oneOf('true', 'false').prefault('false'),
};
const Values = z.object(settings);

export function telemetryOf(values: z.output<typeof Values>) {
  const endpoint = values.OTEL_SDK_DISABLED === 'true' ? undefined : values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const [, parent, sampler] = /^(parentbased_)?(.+)$/.exec(values.OTEL_TRACES_SAMPLER) ?? [];
  return {
    /** Null: nothing is brought to a collector. */
    telemetry:
      endpoint === undefined
        ? null
        : {
            endpoint,
            headers: values.OTEL_EXPORTER_OTLP_HEADERS,
            timeoutMs: values.OTEL_EXPORTER_OTLP_TIMEOUT,
            serviceName: values.OTEL_SERVICE_NAME,
            resource: values.OTEL_RESOURCE_ATTRIBUTES,
            sampler: sampler as 'always_on' | 'always_off' | 'traceidratio',
            isParentBased: parent !== undefined,
            ratio: values.OTEL_TRACES_SAMPLER_ARG,
            metricsEveryMs: values.OTEL_METRIC_EXPORT_INTERVAL,
            tracesEveryMs: values.OTEL_BSP_SCHEDULE_DELAY,
            maxWaiting: values.OTEL_BSP_MAX_QUEUE_SIZE,
          },
  } as const;
}
