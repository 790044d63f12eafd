import { Link } from "@tanstack/react-router";
import { Badge } from "@/components/Badge";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { SearchField } from "@/components/SearchField";
import { Time } from "@/components/Time";
import { admin } from "@/text/admin";
import { type State, useUsers } from "./api";
import { STATES } from "./search";

const text = admin.users;

export interface UsersSearch {
  search?: string | undefined;
  state?: State | undefined;
}

/** All accounts of the installation. */
export function Users({ search, onSearch }: { search: UsersSearch; onSearch: (changed: UsersSearch) => void }) {
  const list = useUsers(search);
  return (
    <>
      <div className="mb-4 flex flex-wrap gap-3">
        <SearchField
          label={text.search}
          value={search.search ?? ""}
          onSearch={(found) => {
            onSearch({ search: found || undefined });
          }}
        />
        <select
          aria-label={text.state}
          className="input w-auto pr-8"
          value={search.state ?? ""}
          onChange={(event) => {
            onSearch({ state: STATES.find((state) => state === event.target.value) });
          }}
        >
          <option value="">{text.states.any}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {text.states[state]}
            </option>
          ))}
        </select>
      </div>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={<Empty title={text.none} />}
        onClear={
          search.search || search.state
            ? () => {
                onSearch({ search: undefined, state: undefined });
              }
            : undefined
        }
      >
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <li key={item.id} className="flex flex-wrap items-center justify-between gap-3 p-4">
                <div className="min-w-0 flex-1 basis-56">
                  <Link to="/admin/users/$userId" params={{ userId: String(item.id) }} className="font-medium break-all hover:underline">
                    {item.email}
                  </Link>
                  <p className="text-muted text-xs break-words">
                    {item.name && <>{item.name} · </>}
                    {text.registered} <Time at={item.created_at} />
                  </p>
                </div>
                <p className="flex flex-wrap gap-1">
                  {item.is_admin && <Badge kind="accent">{text.admin}</Badge>}
                  {item.email_verified_at === null && <Badge kind="warn">{text.unverified}</Badge>}
                  {item.disabled_at !== null && <Badge kind="danger">{text.disabled}</Badge>}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Listing>
    </>
  );
}
