import { type QueryKey, queryOptions } from "@tanstack/react-query";
import { getImportsByImportId, getImportsByImportIdReport, getLinksExport, type GetLinksExportData, type GinnelImportsReadingImportOut as Import } from "@/api/generated";
import { getImportsByImportIdQueryKey } from "@/api/generated/@tanstack/react-query.gen";

const OFTEN = 1000;

export const runs = ({ state }: Import): boolean => state === "waiting" || state === "running";

/** Whether something that is cached is about imports. */
export const importKeys = ([first]: QueryKey): boolean => ["getImports", "getImportsByImportId"].includes((first as { _id?: string } | undefined)?._id ?? "");

/** An import, followed while it is worked off. */
export const importOptions = (id: number) =>
  queryOptions({
    queryKey: getImportsByImportIdQueryKey({ path: { import_id: id } }),
    queryFn: async ({ signal }) => (await getImportsByImportId({ path: { import_id: id }, signal })).data,
    refetchInterval: ({ state: { data } }) => (data && runs(data) ? OFTEN : false),
  });

export interface Reported {
  row: number;
  state: string;
  short_url: string | null;
  errors: { pointer: string; code: string; detail: string }[];
}

/** What became of each row. */
export const reportOptions = (id: number) =>
  queryOptions({
    queryKey: ["import report", id],
    queryFn: async ({ signal }) => (await getImportsByImportIdReport({ path: { import_id: id }, query: { format: "json" }, signal })).data as unknown as Reported[],
    staleTime: Infinity,
  });

/** The address of the next part, where a file is given out in parts. */
function nextCursor(link: unknown): string | null {
  const address = typeof link === "string" ? /<([^>]+)>;\s*rel="next"/.exec(link)?.[1] : undefined;
  return address === undefined ? null : new URL(address, location.origin).searchParams.get("cursor");
}

const MINUTES = 10 * 60_000;

/** Put a file together from its parts; those of JSON are arrays. */
async function whole(format: string, get: (cursor: string | null) => Promise<{ data: unknown; headers: Record<string, unknown> }>): Promise<Blob> {
  const parts: Blob[] = [];
  let cursor: string | null = null;
  do {
    const { data, headers }: { data: unknown; headers: Record<string, unknown> } = await get(cursor);
    parts.push(data as Blob);
    cursor = nextCursor(headers.link);
  } while (cursor !== null);
  if (format !== "json" || parts.length === 1) return new Blob(parts);
  const rows = await Promise.all(parts.map(async (part) => (await part.text()).trim().slice(1, -1).trim()));
  return new Blob([`[${rows.filter(Boolean).join(",\n")}]\n`]);
}

export function exported(query: Pick<NonNullable<GetLinksExportData["query"]>, "archived"> & { format: "csv" | "json" }): Promise<Blob> {
  return whole(query.format, async (cursor) => {
    const { data, headers } = await getLinksExport({ query: { ...query, cursor }, responseType: "blob", timeout: MINUTES });
    return { data, headers };
  });
}

export function reported(id: number): Promise<Blob> {
  return whole("csv", async (cursor) => {
    const { data, headers } = await getImportsByImportIdReport({ path: { import_id: id }, query: { format: "csv", cursor: cursor === null ? undefined : Number(cursor) }, responseType: "blob", timeout: MINUTES });
    return { data, headers };
  });
}
