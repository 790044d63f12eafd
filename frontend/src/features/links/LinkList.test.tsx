import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { aLink, workspace } from "@/test/links";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { LinkList } from "./LinkList";
import type { LinkSearch } from "./search";

const answers = (...items: ReturnType<typeof aLink>[]) => {
  server.use(http.get("*/api/v1/links", () => HttpResponse.json({ items, next_cursor: null })));
};
const list = (search: LinkSearch = {}) => <LinkList search={search} onSearch={vi.fn()} />;
const three = [1, 2, 3].map((id) => aLink({ id, slug: `slug-${id}` }));

beforeEach(() => {
  signIn();
  workspace();
});

test("is accessible", async () => {
  answers(aLink({ title: "Spring", tags: ["shop"], protected: true }));
  const { container } = await show(list());
  await screen.findByText("example.org/spring");
  await expectAccessible(container);
});

test("tells none yet from none that match", async () => {
  answers();
  const { unmount } = await show(list());
  await screen.findByText("No link yet");
  unmount();
  await show(list({ q: "nothing" }));
  await screen.findByText("No link matches");
});

test("a list that can't be had can be asked for again", async () => {
  server.use(http.get("*/api/v1/links", () => HttpResponse.json({ title: "Out of order", status: 400 }, { status: 400 })));
  const { user } = await show(list());
  await screen.findByText("Out of order");
  answers(aLink());
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("example.org/spring");
});

test("a new link is in the list at once, and out of it again if it is refused", async () => {
  answers(aLink());
  let refuse: () => void = () => undefined;
  const refused = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  server.use(
    http.post("*/api/v1/links", async () => {
      await refused;
      return HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", errors: [{ pointer: "/target", detail: "is blocked" }] }, { status: 422 });
    }),
  );
  const { user } = await show(list());
  const field = await screen.findByLabelText("Paste a long address");
  await user.type(field, "example.com/new{Enter}");
  await screen.findByText("Being made …");
  refuse();
  await screen.findByText("is blocked");
  expect(screen.queryByText("Being made …")).not.toBeInTheDocument();
  expect(field).toHaveValue("example.com/new");
});

test("keys move from row to row, and a deletion can be undone", async () => {
  answers(...three);
  const { user } = await show(list());
  await screen.findByText("example.org/slug-1");
  await user.keyboard("jj");
  expect(screen.getByRole("link", { name: "example.org/slug-2" })).toHaveFocus();
  await user.keyboard("#");
  expect(screen.queryByText("example.org/slug-2")).not.toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Undo", hidden: true }));
  await screen.findByText("example.org/slug-2");
});

test("a range is selected with shift, and archived in one call", async () => {
  answers(...three);
  let sent: unknown;
  server.use(
    http.post("*/api/v1/links/bulk", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ items: three.map((link) => ({ status: 200, link, problem: null })) });
    }),
  );
  const { user } = await show(list());
  await user.click(await screen.findByLabelText("Select example.org/slug-1"));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByLabelText("Select example.org/slug-3"));
  await user.keyboard("{/Shift}");
  await user.click(within(await screen.findByRole("toolbar", { name: "3 selected" })).getByRole("button", { name: "Archive" }));
  await waitFor(() => {
    expect(sent).toEqual(three.map(({ id }) => ({ op: "update", id, archived: true })));
  });
});

test("who may only look is offered nothing that would be refused", async () => {
  workspace({ scopes: ["links:read"] });
  answers(aLink());
  await show(list());
  await screen.findByText("example.org/spring");
  expect(screen.queryByLabelText("Paste a long address")).not.toBeInTheDocument();
  expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
});
