import { useState } from "react";
import { Choice } from "@/components/Choice";
import { Confirm } from "@/components/Confirm";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { admin as text } from "@/text/admin";
import { useAnew } from "./api";

/** What is about to be done to somebody or something, with what it will mean; some acts take a reason, or one's own password. */
export interface Wish {
  title: string;
  action: string;
  hint: string;
  asks?: "reason" | "password";
  danger?: boolean;
  /** Also offered: to block the links with it. */
  links?: boolean;
  run: (said: string, links: boolean) => Promise<unknown>;
}

export function Act({ wish, onClose }: { wish: Wish; onClose: () => void }) {
  const anew = useAnew();
  const [said, setSaid] = useState("");
  const [links, setLinks] = useState(false);
  return (
    <Confirm
      title={wish.title}
      action={wish.action}
      danger={wish.danger ?? true}
      onConfirm={async () => {
        if (wish.asks === "password" && said === "") throw new Error(text.users.passwordMissing);
        await wish.run(said, links);
        await anew();
        toast(text.done);
      }}
      onClose={onClose}
    >
      <p className="break-words">{wish.hint}</p>
      {wish.asks && (
        <TextField
          type={wish.asks === "password" ? "password" : "text"}
          autoComplete={wish.asks === "password" ? "current-password" : "off"}
          label={wish.asks === "password" ? text.users.password : text.reason}
          hint={wish.asks === "reason" ? text.reasonHint : undefined}
          optional={wish.asks === "reason" ? text.optional : undefined}
          maxLength={wish.asks === "reason" ? 500 : 1024}
          value={said}
          onChange={(event) => {
            setSaid(event.target.value);
          }}
        />
      )}
      {wish.links && (
        <Choice
          label={text.users.blockLinks}
          hint={text.users.blockLinksHint}
          checked={links}
          onChange={(event) => {
            setLinks(event.target.checked);
          }}
        />
      )}
    </Confirm>
  );
}
