import { Link } from "@tanstack/react-router";
import { components as text } from "@/text/components";
import { buttonClass } from "./Button";
import { Empty } from "./Empty";

export function NotFound() {
  return (
    <main className="p-6">
      <Empty title={text.notFound} action={<Link to="/" className={buttonClass({ look: "primary" })}>{text.home}</Link>}>
        {text.notFoundHint}
      </Empty>
    </main>
  );
}
