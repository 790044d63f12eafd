import { Link, type LinkComponentProps } from "@tanstack/react-router";
import { type Patch, patched } from "./useGo";

/** A real link to the same page with other filters or another time. */
export function Jump({ patch, ...rest }: { patch: Patch } & Omit<LinkComponentProps, "to" | "search" | "from">) {
  return <Link {...rest} to="." search={((old: object) => patched(old, patch)) as never} resetScroll={false} />;
}
