import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { useUser } from "@/api/session";
import { Dialog } from "@/components/Dialog";
import { Key } from "@/components/Key";
import { printed, useActiveKeys } from "@/lib/keys";
import { shell as text } from "@/text/shell";
import { administration, daily, setUp } from "./places";

const ITEM = "data-[selected=true]:bg-raised flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2.5";

/** Go anywhere and do anything by typing a few letters of it. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const user = useUser();
  const keys = useActiveKeys();
  const places = [...daily, ...setUp, ...(user.is_admin ? [administration] : [])];
  return (
    <Dialog title={text.commands} onClose={onClose}>
      <Command label={text.commands} loop>
        {/* A dialog's first field is where one expects to type. */}
        {/* eslint-disable-next-line jsx-a11y/no-autofocus */}
        <Command.Input autoFocus placeholder={text.commandsHint} className="input mb-3" />
        <Command.List className="max-h-80 overflow-y-auto">
          <Command.Empty className="text-muted px-3 py-2">{text.noCommand}</Command.Empty>
          {keys.map((shortcut) => (
            <Command.Item
              key={`${shortcut.keys} ${shortcut.label ?? ""}`}
              className={ITEM}
              onSelect={() => {
                onClose();
                shortcut.run(new KeyboardEvent("keydown"));
              }}
            >
              <span className="flex-1">{shortcut.label}</span>
              <Key>{printed(shortcut.keys)}</Key>
            </Command.Item>
          ))}
          {places.map(({ to, label, icon: Icon }) => (
            <Command.Item
              key={to}
              className={ITEM}
              onSelect={() => {
                onClose();
                void navigate({ to });
              }}
            >
              <Icon aria-hidden size={17} />
              {label}
            </Command.Item>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
}
