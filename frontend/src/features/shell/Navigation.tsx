import { Link } from "@tanstack/react-router";
import { useUser } from "@/api/session";
import { shell as text } from "@/text/shell";
import { administration, daily, type Place, setUp } from "./places";

const LINK = "text-muted hover:bg-raised hover:text-ink flex items-center gap-2.5 rounded-lg px-2.5 py-2 font-medium transition-colors aria-[current=page]:bg-raised aria-[current=page]:text-ink";

/** Where there is something for who has not signed up. */
const FOR_GUESTS: ReadonlySet<Place["to"]> = new Set(["/links", "/analytics"]);

function Group({ places, label, onGo }: { places: readonly Place[]; label: string; onGo?: (() => void) | undefined }) {
  return (
    <ul aria-label={label} className="space-y-0.5">
      {places.map(({ to, label: name, icon: Icon }) => (
        <li key={to}>
          <Link to={to} className={LINK} onClick={onGo}>
            <Icon aria-hidden size={17} />
            {name}
          </Link>
        </li>
      ))}
    </ul>
  );
}

export function Navigation({ onGo }: { onGo?: () => void }) {
  const user = useUser();
  return (
    <nav aria-label={text.menu} className="space-y-5">
      <Group places={user.guest ? daily.filter(({ to }) => FOR_GUESTS.has(to)) : daily} label={text.links} onGo={onGo} />
      {!user.guest && <Group places={setUp} label={text.workspace} onGo={onGo} />}
      {user.is_admin && <Group places={[administration]} label={text.admin} onGo={onGo} />}
    </nav>
  );
}
