// The continents, coarse enough for a map as wide as a screen (Natural Earth, 1 : 110 million, public domain).
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import land110m from "world-atlas/land-110m.json";

const topology = land110m as unknown as Topology<{ land: GeometryCollection }>;

export const LAND = feature(topology, topology.objects.land);
