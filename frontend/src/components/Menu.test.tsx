import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show } from "@/test/render";
import { Menu } from "./Menu";

const menu = (onSelect: () => void) => (
  <Menu
    trigger={(parts) => <button {...parts}>More</button>}
    items={[{ label: "Copy", onSelect: vi.fn() }, "line", { label: "Delete", danger: true, onSelect }]}
  />
);

test("is accessible", async () => {
  const { container } = await show(menu(vi.fn()));
  await expectAccessible(container);
});

test("moves by arrows and first letters, and does what was chosen", async () => {
  const chosen = vi.fn();
  const { user } = await show(menu(chosen));
  const [first, last] = screen.getAllByRole("menuitem", { hidden: true });
  first?.focus();
  await user.keyboard("{ArrowDown}");
  expect(last).toHaveFocus();
  await user.keyboard("{ArrowDown}");
  expect(first).toHaveFocus();
  await user.keyboard("d{Enter}");
  expect(chosen).toHaveBeenCalledOnce();
});
