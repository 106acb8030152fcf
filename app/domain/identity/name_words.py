"""Words beside names: degrees, titles, suffixes and particles; in lower case, without dots."""

from __future__ import annotations

DEGREES = frozenset(
    (
        "md", "mds", "phd", "mph", "mba", "msc", "mbbs", "mbchb", "mbbch", "dds", "dmd", "dpm", "dnp", "pharmd", "rph",
        "rn", "aprn", "arnp", "crna", "fnp", "facp", "facs", "faap", "facep", "facc", "fccp", "facog", "fachi", "faan",
        "fapa", "frcs", "frcp", "frcpc", "frcsc", "mrcp", "mrcs", "fasn", "fache", "fhm", "fidsa", "faafp", "facr",
        "fsir", "jd", "esq", "llm", "msn", "bsn", "mha", "mhs", "mpp", "msph", "scd", "drph", "edd", "psyd", "ddsc",
        "dvm",
    )
)  # fmt: skip
"""Letters behind a name that are no part of it."""
DEGREES_OR_NAMES = frozenset(
    (
        "do", "ma", "ba", "bs", "ms", "pa", "np", "od", "dc", "pt", "pac",
    )
)  # fmt: skip
"""Degrees that are also names: behind another word they may be either, alone they are a name."""
TITLES = frozenset(
    (
        "dr", "doctor", "prof", "professor", "mr", "mrs", "miss", "mx", "sir", "rev",
    )
)  # fmt: skip
"""Words before a name that are no part of it, unless they are all there is."""
SUFFIXES = {
    "jr": "jr", "jnr": "jr", "junior": "jr", "sr": "sr", "snr": "sr", "senior": "sr", "ii": "ii", "2nd": "ii",
    "iii": "iii", "3rd": "iii", "iv": "iv", "4th": "iv",
}  # fmt: skip
"""Words that tell father and son apart, each with the one that it is compared as."""
PARTICLES = frozenset(
    (
        "al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el", "ibn", "la", "las",
        "le", "los", "san", "st", "ten", "ter", "van", "von", "vander", "vanden", "y", "zu", "zum",
    )
)  # fmt: skip
"""Words of a last name that are often left out, or written as one with the next."""
