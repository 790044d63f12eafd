import { useQuery } from "@tanstack/react-query";
import { getLinksByLinkIdOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Failed } from "@/components/Failed";
import { PageSkeleton } from "@/components/PageSkeleton";
import { Builder } from "./Builder";
import { fieldsOf } from "./fields";

/** Change a link that there is. */
export function EditLink({ id }: { id: number }) {
  const { data, error, isPending, refetch } = useQuery(getLinksByLinkIdOptions({ path: { link_id: id } }));
  if (isPending) return <PageSkeleton />;
  if (!data) return <Failed error={error} reset={() => void refetch()} />;
  return <Builder key={id} link={data} base={fieldsOf(data)} defaultDomain={new URL(data.short_url).host} />;
}
