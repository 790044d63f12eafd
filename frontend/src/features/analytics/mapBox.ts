/** As high as the map is wide by its shape. */
export const MAP_BOX = "aspect-[960/440] w-full";
