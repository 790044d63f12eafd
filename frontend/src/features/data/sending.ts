import { getImportsByImportId, type GinnelImportsReadingImportOut as Import, postImports, postImportsByImportIdRows, type PostImportsData } from "@/api/generated";

/** Bytes a call: what goes through where answers and questions are bounded, as on Lambda. */
export const PART = 1024 * 1024;

export type Wanted = Omit<NonNullable<PostImportsData["query"]>, "more" | "dry_run">;

interface Begun {
  name: string;
  size: number;
  wanted: Wanted;
}

const key = (id: number) => `import:${id}`;

/** What an import was begun with, so that it can go on after the page was loaded anew. */
export function begun(id: number): Begun | null {
  try {
    const kept = sessionStorage.getItem(key(id));
    return kept === null ? null : (JSON.parse(kept) as Begun);
  } catch {
    return null;
  }
}

function remember(id: number, { name, size }: File, wanted: Wanted): void {
  try {
    sessionStorage.setItem(key(id), JSON.stringify({ name, size, wanted }));
  } catch {
    // Then nobody is told when they choose another file.
  }
}

const headers = (file: File) => ({ "Content-Type": /\.(nd)?json$/i.test(file.name) ? "application/x-ndjson" : "text/csv" });
const partCount = (file: File) => Math.max(1, Math.ceil(file.size / PART));
const part = (file: File, index: number) => file.slice(index * PART, (index + 1) * PART);

/** Send the parts that have not come yet. */
async function sendRest(file: File, from: Import, onProgress: (sent: number) => void, signal: AbortSignal): Promise<Import> {
  const count = partCount(file);
  let now = from;
  for (let index = from.parts; index < count; index++) {
    const { data } = await postImportsByImportIdRows({
      path: { import_id: from.id },
      query: { part: index + 1, more: index + 1 < count },
      body: part(file, index),
      bodySerializer: null,
      headers: headers(file),
      signal,
    });
    now = data;
    onProgress((index + 1) / count);
  }
  return now;
}

/** Begin an import and send all of it; `onBegun` is told as soon as it has an id, from when on it can be taken up again. */
export async function send(
  file: File,
  wanted: Wanted,
  { dryRun, onBegun, onProgress, signal }: { dryRun: boolean; onBegun: (id: number) => void; onProgress: (sent: number) => void; signal: AbortSignal },
): Promise<Import> {
  const count = partCount(file);
  const { data } = await postImports({
    query: { ...wanted, dry_run: dryRun, more: count > 1 },
    body: part(file, 0),
    bodySerializer: null,
    headers: headers(file),
    signal,
  });
  remember(data.id, file, wanted);
  onBegun(data.id);
  onProgress(1 / count);
  return sendRest(file, data, onProgress, signal);
}

/** Go on with one whose sending was interrupted. */
export async function sendOn(id: number, file: File, onProgress: (sent: number) => void, signal: AbortSignal): Promise<Import> {
  const { data } = await getImportsByImportId({ path: { import_id: id } });
  return sendRest(file, data, onProgress, signal);
}
