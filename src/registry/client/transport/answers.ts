import * as v from 'valibot';
import { RegistryFailure } from '../failure.ts';
import type { HttpResponse } from './http.ts';

/** Bytes of an error answer that are read. */
const MAX_ERROR = 64 << 10;

const errors = v.looseObject({
  errors: v.optional(
    v.array(v.looseObject({ code: v.nullish(v.string(), ''), message: v.nullish(v.string(), '') })),
  ),
  // Places that issue tokens answer in their own ways.
  details: v.nullish(v.string()),
  message: v.nullish(v.string()),
  error: v.nullish(v.string()),
  error_description: v.nullish(v.string()),
});

/** Hands back an answer that has one of the statuses, or throws the RegistryFailure that it is. */
export async function expectStatus(response: HttpResponse, ...statuses: number[]): Promise<HttpResponse> {
  if (statuses.includes(response.status)) return response;
  throw await failureOf(response);
}

/** The failure that an answer stands for. Reads its body. */
export async function failureOf(response: HttpResponse): Promise<RegistryFailure> {
  const { status } = response;
  const body = await response.bytes(MAX_ERROR).catch(() => Buffer.alloc(0));
  const { code, text } = read(body);
  const message = text || `received unexpected HTTP status: ${status} from ${response.url.origin}`;
  return new RegistryFailure(message, { status, code, retryAfter: retryAfter(response) });
}

function read(body: Buffer): { code: string; text: string } {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    return { code: '', text: '' };
  }
  const result = v.safeParse(errors, json);
  if (!result.success) return { code: '', text: '' };
  const { errors: list = [], ...others } = result.output;
  const texts = list.map(({ code, message }) =>
    [code.toLowerCase().replaceAll('_', ' '), message].filter(Boolean).join(': '),
  );
  const other = others.details || others.error_description || others.message || others.error || '';
  return { code: list[0]?.code ?? '', text: texts.join('\n') || other };
}

/** Milliseconds of `Retry-After`, which is a number of seconds or a date. */
function retryAfter(response: HttpResponse): number | undefined {
  const text = response.header('retry-after');
  if (text === undefined) return undefined;
  const after = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(after) ? Math.max(0, after) : undefined;
}
