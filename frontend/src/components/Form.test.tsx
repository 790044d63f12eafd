import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { ApiError } from "@/api/errors";
import { expectAccessible } from "@/test/axe";
import { show } from "@/test/render";
import { Form } from "./Form";
import { TextField } from "./TextField";

const form = (onSend: (values: Readonly<Record<string, string>>) => Promise<unknown>) => (
  <Form action="Send" onSend={onSend}>
    {(errors) => <TextField label="Name" name="name" error={errors.name} />}
  </Form>
);

test("is accessible, and sends what is in the fields", async () => {
  const send = vi.fn(() => Promise.resolve());
  const { container, user } = await show(form(send));
  await expectAccessible(container);
  await user.type(screen.getByLabelText("Name"), "Ada{Enter}");
  expect(send).toHaveBeenCalledExactlyOnceWith({ name: "Ada" });
});

test("a fault of a field stands there, and of no field above all", async () => {
  const faults = [
    new ApiError(422, { code: "invalid", detail: "whole", errors: [{ pointer: "/name", detail: "too short" }] }),
    new ApiError(422, { code: "invalid", detail: "whole", errors: [{ pointer: "/elsewhere", detail: "no" }] }),
  ];
  const { user } = await show(form(() => Promise.reject(faults.shift() ?? new Error("none left"))));
  await user.type(screen.getByLabelText("Name"), "A{Enter}");
  expect(await screen.findByText("too short")).toBeVisible();
  expect(screen.queryByText("whole")).toBeNull();
  expect(screen.getByLabelText("Name")).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(await screen.findByText("whole")).toBeVisible();
  expect(screen.getByLabelText("Name")).toHaveValue("A");
});
