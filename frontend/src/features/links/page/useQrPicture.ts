import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { getLinksByLinkIdQr, postLinksByLinkIdQr } from "@/api/generated";

export interface QrLook {
  size: number;
  margin: number;
  ecc: "L" | "M" | "Q" | "H";
  fg: string;
  bg: string;
}

/** Have a code drawn; with a logo, that goes along each time, as the API keeps none. */
export async function draw(id: number, look: QrLook, format: "svg" | "png", logo: File | null, signal?: AbortSignal): Promise<Blob> {
  const query = { ...look, format };
  const path = { link_id: id };
  const { data } = logo
    ? await postLinksByLinkIdQr({ path, query, body: logo, headers: { "Content-Type": logo.type }, signal })
    : await getLinksByLinkIdQr({ path, query, signal });
  return data;
}

/** The picture as an address for an image; the last one stays until the next is drawn. */
export function useQrPicture(id: number, look: QrLook, logo: File | null) {
  const query = useQuery({
    queryKey: ["qr", id, look, logo && [logo.name, logo.size, logo.lastModified]],
    queryFn: ({ signal }) => draw(id, look, "svg", logo, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  });
  const { data } = query;
  const url = useMemo(() => data && URL.createObjectURL(data), [data]);
  useEffect(
    () => () => {
      if (url) URL.revokeObjectURL(url);
    },
    [url],
  );
  return { ...query, url };
}
