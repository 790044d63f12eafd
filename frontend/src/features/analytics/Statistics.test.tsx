import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { answers, visit } from "./answers.testing";
import { Statistics } from "./Statistics";

const AT = "/?zone=UTC&from=2026-10-01&to=2026-10-10";
let asked: URL[] = [];

function serve(options?: Parameters<typeof answers>[0]) {
  const made = answers(options);
  ({ asked } = made);
  server.use(...made.handlers);
}
const last = (what: string) => asked.filter(({ pathname }) => pathname.endsWith(what)).at(-1)?.searchParams;

beforeEach(() => {
  signIn();
  serve();
});

test("is accessible", async () => {
  const { container } = await show(<Statistics of={{ link: 7 }} />, { at: AT });
  await screen.findByRole("link", { name: "Only Germany: 700" });
  await expectAccessible(container);
});

test("numbers, chart and bars are of the time that the address says", async () => {
  await show(<Statistics of={{ link: 7 }} />, { at: AT });
  expect(await screen.findByText("1,234")).toBeVisible();
  await screen.findByRole("img", { name: /Clicks, Visitors, Bots over time/ });
  for (const what of ["summary", "series", "breakdown"])
    expect(Object.fromEntries(last(what) ?? [])).toMatchObject({ link: "7", from: "2026-10-01T00:00:00.000Z", to: "2026-10-11T00:00:00.000Z" });
});

test("every bar is a link that adds a filter, and once more takes it away", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: AT });
  const bar = await screen.findByRole("link", { name: "Only Germany: 700" });
  expect(new URL(bar.getAttribute("href") ?? "", "http://x").searchParams.get("filter")).toBe('["country:DE"]');
  await user.click(bar);
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["country:DE"]);
  });
  await user.click(await screen.findByRole("link", { name: "Remove: Country is Germany: 700" }));
  await waitFor(() => {
    expect(screen.queryByRole("list", { name: "Filters" })).not.toBeInTheDocument();
  });
});

test("what has no value can be filtered by, too", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: AT });
  await user.click(await screen.findByRole("link", { name: "Only Unknown: 200" }));
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["country:"]);
  });
});

test("bars clicked with Shift are applied together, by Enter", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: AT });
  const bar = await screen.findByRole("link", { name: "Only Germany: 700" });
  await user.keyboard("{Shift>}");
  await user.click(bar);
  await user.click(screen.getByRole("link", { name: "Only Austria: 100" }));
  await user.keyboard("{/Shift}");
  expect(screen.getByText("2 chosen")).toBeVisible();
  expect(last("summary")?.has("filter")).toBe(false);
  (document.activeElement as HTMLElement).blur();
  await user.keyboard("{Enter}");
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["country:DE", "country:AT"]);
  });
});

test("without a Shift key, several are chosen by a button", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: AT });
  await screen.findByRole("link", { name: "Only Germany: 700" });
  await user.click(screen.getByRole("button", { name: /^Choose several/ }));
  await user.click(screen.getByRole("link", { name: "Only Austria: 100" }));
  await user.click(screen.getByRole("button", { name: "Apply" }));
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["country:AT"]);
  });
});

test("by keys alone, Shift and Enter choose several", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: AT });
  (await screen.findByRole("link", { name: "Only Germany: 700" })).focus();
  await user.keyboard("{Shift>}{Enter}{/Shift}");
  screen.getByRole("link", { name: "Only Austria: 100" }).focus();
  await user.keyboard("{Shift>}{Enter}{/Shift}");
  expect(screen.getByText("2 chosen")).toBeVisible();
  await user.keyboard("{Enter}");
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["country:DE", "country:AT"]);
  });
});

test("a filter's chip turns it round, and Escape clears all", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: `${AT}&filter=${encodeURIComponent('["country:DE"]')}` });
  await user.click(await screen.findByRole("link", { name: "Turn round: Country is Germany" }));
  await waitFor(() => {
    expect(last("summary")?.getAll("filter")).toEqual(["-country:DE"]);
  });
  await user.keyboard("{Escape}");
  await waitFor(() => {
    expect(screen.queryByRole("list", { name: "Filters" })).not.toBeInTheDocument();
  });
});

test("letters choose times, and X compares", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: "/?zone=UTC" });
  await screen.findByText("1,234");
  await user.keyboard("y");
  await waitFor(() => {
    expect(Date.parse(last("summary")?.get("to") ?? "") - Date.parse(last("summary")?.get("from") ?? "")).toBe(86_400_000);
  });
  await user.keyboard("x");
  expect(await screen.findByText(/^Compared with/)).toBeVisible();
  expect(await screen.findAllByText("0%")).toHaveLength(3);
  await user.keyboard("x");
  expect(screen.queryByText(/^Compared with/)).not.toBeInTheDocument();
});

test("values of strangers are text", async () => {
  const { container } = await show(<Statistics of={{}} />, { at: AT });
  expect(await screen.findByText("<img src=x onerror=alert(1)>")).toBeVisible();
  expect(container.querySelector("img[src=x]")).toBeNull();
});

test("to have none is not what campaigns are compared with, and bots are no clicks", async () => {
  await show(<Statistics of={{}} />, { at: AT });
  expect(await screen.findByText("900 clicks without")).toBeVisible();
  const bots = await screen.findByRole("list", { name: "Bot" });
  expect(within(bots).getAllByRole("link")).toHaveLength(1);
  expect(within(bots).getByRole("link")).toHaveTextContent("Googlebot56");
});

test("all values are in a dialog that the address opens, and can be searched", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: `${AT}&all=country` });
  const dialog = await screen.findByRole("dialog", { name: "All: Country" });
  await within(dialog).findByText("Germany");
  await user.type(within(dialog).getByRole("searchbox"), "aus");
  expect(within(dialog).getAllByRole("link").map((link) => link.getAttribute("aria-label"))).toEqual(["Only Austria: 100"]);
});

test("new clicks are shown as they come, on days that are not over", async () => {
  serve({ live: [visit("a", "2026-11-24T10:00:00Z", { source: "news.example" })] });
  await show(<Statistics of={{}} />, { at: "/?zone=UTC" });
  const row = await within(await screen.findByRole("list", { name: "Live" })).findByRole("listitem");
  expect(row).toHaveTextContent("10:00:00");
  expect(row).toHaveTextContent("Berlin, Germany");
  expect(row).toHaveTextContent("from news.example");
});

test("who may share a link is offered to", async () => {
  await show(<Statistics of={{ link: 7 }} />, { at: AT });
  expect(await screen.findByRole("button", { name: "Share" })).toBeVisible();
});

test("viewers are not offered to share", async () => {
  serve({ role: "viewer" });
  await show(<Statistics of={{ link: 7 }} />, { at: AT });
  await screen.findByText("1,234");
  await waitFor(() => {
    expect(asked.some(({ pathname }) => pathname.endsWith("workspaces"))).toBe(true);
  });
  expect(screen.queryByRole("button", { name: "Share" })).not.toBeInTheDocument();
});

test("shares show the numbers, and neither single clicks nor files", async () => {
  await show(<Statistics of={{ shared: "t0ken" }} />, { at: "/?zone=UTC" });
  await screen.findByRole("link", { name: "Only Germany: 700" });
  expect(asked.every(({ pathname }) => pathname.startsWith("/api/v1/shared/t0ken/"))).toBe(true);
  expect(screen.queryByRole("button", { name: "Download" })).not.toBeInTheDocument();
});
