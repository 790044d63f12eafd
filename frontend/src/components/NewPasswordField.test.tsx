import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show } from "@/test/render";
import { NewPasswordField } from "./NewPasswordField";

test("is accessible, says how good a length is, and can be looked at", async () => {
  const { container, user } = await show(<NewPasswordField label="Password" />);
  await expectAccessible(container);
  const field = screen.getByLabelText("Password");
  expect(field).toHaveAttribute("autocomplete", "new-password");
  // Sixteen code units, eight characters.
  await user.type(field, "🔑".repeat(8));
  expect(field).toHaveAccessibleDescription(/That will do/);
  expect(field).toHaveAttribute("type", "password");
  await user.click(screen.getByRole("button", { name: "Show password" }));
  expect(field).toHaveAttribute("type", "text");
});
