import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import type { GinnelImportsReadingImportOut as Import } from "@/api/generated";
import { expectAccessible } from "@/test/axe";
import { workspace } from "@/test/links";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { ImportPanel } from "./ImportPanel";
import { PART } from "./sending";

const anImport = (given: Partial<Import>): Import => ({
  id: 7,
  state: "done",
  format: "ginnel",
  on_conflict: "skip",
  dry_run: true,
  domain: null,
  parts: 1,
  ignored: [],
  rows: 2,
  created: 1,
  updated: 0,
  skipped: 0,
  failed: 1,
  progress: 1,
  created_at: "2026-01-01T00:00:00Z",
  finished_at: null,
  ...given,
});

beforeEach(() => {
  sessionStorage.clear();
  signIn();
  workspace();
  server.use(http.get("*/api/v1/imports/7/report", () => HttpResponse.json([{ row: 3, state: "failed", link: null, short_url: null, errors: [{ pointer: "/target", code: "x", detail: "is no address" }] }])));
});

test("is accessible, before a file and after it", async () => {
  const { container, unmount } = await show(<ImportPanel id={undefined} onShow={vi.fn()} />);
  await screen.findByLabelText("File");
  await expectAccessible(container);
  unmount();
  server.use(http.get("*/api/v1/imports/7", () => HttpResponse.json(anImport({}))));
  const after = await show(<ImportPanel id={7} onShow={vi.fn()} />);
  await screen.findByText("is no address");
  await expectAccessible(after.container);
});

test("a long file goes in parts, and is checked before anything is made", async () => {
  const sent: string[] = [];
  const answer = ({ request }: { request: Request }) => {
    sent.push(new URL(request.url).search);
    return HttpResponse.json(anImport({ state: "receiving", parts: sent.length }), { status: 202 });
  };
  server.use(http.post("*/api/v1/imports", answer), http.post("*/api/v1/imports/7/rows", answer));
  const shown = vi.fn();
  const { user } = await show(<ImportPanel id={undefined} onShow={shown} />);
  await user.upload(await screen.findByLabelText("File"), new File(["a".repeat(PART + 5)], "links.csv", { type: "text/csv" }));
  await user.click(screen.getByRole("button", { name: "Check the file" }));
  await waitFor(() => {
    expect(sent).toHaveLength(2);
  });
  expect(sent[0]).toMatch(/dry_run=true&more=true/);
  expect(sent[1]).toMatch(/part=2&more=false/);
  expect(shown).toHaveBeenCalledWith(7);
});

test("one that was interrupted goes on where it was, with the same file only", async () => {
  sessionStorage.setItem("import:7", JSON.stringify({ name: "links.csv", size: PART + 5, wanted: {} }));
  const sent: string[] = [];
  server.use(
    http.get("*/api/v1/imports/7", () => HttpResponse.json(anImport({ state: sent.length ? "done" : "receiving" }))),
    http.post("*/api/v1/imports/7/rows", ({ request }) => {
      sent.push(new URL(request.url).search);
      return HttpResponse.json(anImport({ parts: 2 }), { status: 202 });
    }),
  );
  const { user } = await show(<ImportPanel id={7} onShow={vi.fn()} />);
  const field = await screen.findByLabelText("File");
  await user.upload(field, new File(["a"], "other.csv", { type: "text/csv" }));
  await screen.findByText(/That is another file/);
  await user.upload(field, new File(["a".repeat(PART + 5)], "links.csv", { type: "text/csv" }));
  await screen.findByText("The file is checked. Nothing is made yet.");
  expect(sent).toEqual(["?part=2&more=false"]);
});
