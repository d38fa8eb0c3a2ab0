"""Virtual meters: products as TOML facts, fleets as arrays; each meter speaks real DLMS/COSEM."""
