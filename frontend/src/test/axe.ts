import axe from "axe-core";
import { expect } from "vitest";

/** Fail where axe finds what keeps people out. Colours are for the browser's tests: nothing is painted here. */
export async function expectAccessible(element: Element): Promise<void> {
  const { violations } = await axe.run(element, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
