import { Link } from "@tanstack/react-router";
import { buttonClass } from "@/components/Button";
import { auth as text } from "@/text/auth";
import { Frame } from "./Frame";

/** For pages that only a mail's link leads to. */
export function NoTicket() {
  return (
    <Frame title={text.noTicket}>
      <p className="text-muted">{text.noTicketHint}</p>
      <Link to="/links" className={`${buttonClass()} w-full`}>
        {text.verify.go}
      </Link>
    </Frame>
  );
}
