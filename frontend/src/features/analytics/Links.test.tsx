import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { answers } from "./answers.testing";
import type { Of } from "./api";
import { Statistics } from "./Statistics";

const AT = "/?zone=UTC&from=2026-10-01&to=2026-10-10";
let asked: URL[] = [];

beforeEach(() => {
  signIn();
  const made = answers();
  ({ asked } = made);
  server.use(...made.handlers);
});

const links = async () => within(await screen.findByRole("list", { name: "Links" }));

test("is accessible", async () => {
  const { container } = await show(<Statistics of={{}} />, { at: AT });
  await links();
  await expectAccessible(container);
});

test.each<Of>([{}, { tag: 3 }, { domain: 4 }])("the links that were followed most lead to their own pages, at the same time: %j", async (of) => {
  await show(<Statistics of={of} />, { at: `${AT}&filter=${encodeURIComponent('["country:DE"]')}&interval=hour` });
  const bar = (await links()).getByRole("link", { name: /sale/ });
  expect(bar).toHaveTextContent("go.test/saleSale600");
  const { pathname, searchParams } = new URL(bar.getAttribute("href") ?? "", "http://x");
  expect([pathname, Object.fromEntries(searchParams)]).toEqual(["/links/7", { zone: "UTC", from: "2026-10-01", to: "2026-10-10", filter: '["country:DE"]' }]);
});

test("deleted links are named as such, and lead nowhere", async () => {
  await show(<Statistics of={{}} />, { at: AT });
  const list = await links();
  expect(list.getByText("go.test/gone").closest("li")).toHaveTextContent("deleted300");
  expect(list.getByText("No. 9").closest("li")).toHaveTextContent("deleted100");
  expect(list.getAllByRole("link")).toHaveLength(1);
  expect(list.getByText("Others").closest("li")).toHaveTextContent("7");
});

test("all links are in a dialog that the address opens, and can be searched", async () => {
  const { user } = await show(<Statistics of={{}} />, { at: `${AT}&all=link` });
  const dialog = within(await screen.findByRole("dialog", { name: "All: Links" }));
  await dialog.findByText("go.test/gone");
  await user.type(dialog.getByRole("searchbox"), "SALE");
  expect(dialog.getAllByRole("listitem")).toHaveLength(1);
  await user.type(dialog.getByRole("searchbox"), "?");
  expect(dialog.getByText("None match.")).toBeVisible();
});

test.each<Of>([{ link: 7 }, { shared: "t0ken" }])("one link has no list of links, nor is it asked for: %j", async (of) => {
  await show(<Statistics of={of} />, { at: `${AT}&all=link` });
  await screen.findByRole("link", { name: "Only Germany: 700" });
  await waitFor(() => {
    expect(asked.some(({ searchParams }) => searchParams.get("dimension") === "bot")).toBe(true);
  });
  expect(screen.queryByRole("list", { name: "Links" })).not.toBeInTheDocument();
  expect(asked.every(({ searchParams }) => searchParams.get("dimension") !== "link")).toBe(true);
});
