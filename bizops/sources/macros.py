"""SQL functions that mappings call in DuckDB: Salesforce ids, minor units, numbers as people write them, days."""

from __future__ import annotations

_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = tuple(_CODES.split())
"""ISO 4217 codes of currencies in use."""

_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF"
ZERO_DECIMAL = tuple(_WHOLE.split())
"""Currencies without a minor unit: an amount in minor units is the amount."""

THREE_DECIMAL = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
"""Currencies of which a thousand minor units make one."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_check(id_: str) -> str:
    """Return SQL for the three check characters of a Salesforce id.

    Each tells, as five bits, which of five characters of the 15-character id are capitals.
    """
    bit = "CASE WHEN ascii(substr({id}, {at}, 1)) BETWEEN 65 AND 90 THEN {weight} ELSE 0 END"
    blocks = (
        " + ".join(bit.format(id=id_, at=5 * block + place + 1, weight=2**place) for place in range(5))
        for block in range(3)
    )
    return " || ".join(f"substr('{_LETTERS}', 1 + {bits}, 1)" for bits in blocks)


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


MONEY_WORDS = "|".join([*CURRENCIES, "kr", "Fr"])
MONEY_PREFIXES = f"{MONEY_WORDS}|US|CA|NZ|HK|A|C|R|S"  # what is left of US$, R$ and their like

# Reading a number goes in steps: without spaces and money signs (bare), without sign and percent (core), as digits.
_NUMBER = r"""
CREATE MACRO number_bare(t) AS regexp_replace(regexp_replace(replace(replace(
    regexp_replace(t, '[\s\x{00a0}\x{2007}\x{2009}\x{202f}]|\p{Sc}', '', 'g'), chr(8722), '-'), chr(8217), chr(39)),
    '^([-+(]*)(MONEY_PREFIXES)', '\1'), '(MONEY_WORDS)([-)%]*)$', '\2');
CREATE MACRO number_core(bare) AS regexp_replace(bare, '^[-+(]+|[-)%]+$', '', 'g');
CREATE MACRO number_digits(core, d, t) AS CASE
    WHEN regexp_matches(core, '^(\d+([' || d || ']\d*)?|[' || d || ']\d+)([eE][-+]?\d+)?$')
    THEN replace(core, d, '.')
    WHEN t <> '' AND regexp_matches(core, '^\d{1,3}([' || t || ']\d{3})+([' || d || ']\d*)?$')
    THEN replace(replace(core, t, ''), d, '.') END;
CREATE MACRO number_signed(bare, digits) AS
    CASE WHEN regexp_matches(bare, '^([-(].*|.*-)$') THEN '-' ELSE '' END
    || CASE WHEN regexp_matches(bare, '%[-)]?$') THEN CAST(CAST(digits AS DECIMAL(28, 10)) * 0.01 AS VARCHAR)
            ELSE digits END;
CREATE MACRO number_text(t, d, g) AS CASE WHEN trim(t) = '' THEN NULL ELSE
    coalesce(number_signed(number_bare(t), number_digits(number_core(number_bare(t)), d, g)), '?' || t) END;
CREATE MACRO number(t, decimal_sign, thousands_sign) AS number_text(CAST(t AS VARCHAR), decimal_sign, thousands_sign);
"""

SETUP = f"""
CREATE MACRO sf18(id) AS CASE WHEN length(id) = 15 THEN id || {salesforce_check("id")} ELSE id END;
CREATE MACRO minor_units(amount, currency) AS CAST(CAST(amount AS DECIMAL(24, 4))
    * CASE WHEN upper(currency) IN ({_codes(ZERO_DECIMAL)}) THEN 1.000
           WHEN upper(currency) IN ({_codes(THREE_DECIMAL)}) THEN 0.001 ELSE 0.01 END AS DECIMAL(18, 4));
CREATE MACRO local_day(instant, zone) AS CAST(timezone(zone, CAST(instant AS TIMESTAMPTZ)) AS DATE);
{_NUMBER.replace("MONEY_WORDS", MONEY_WORDS).replace("MONEY_PREFIXES", MONEY_PREFIXES)}
"""
"""Statements that create the functions.

``sf18(id)``: the 18-character, case-safe form of a 15-character, case-sensitive Salesforce id.
``minor_units(amount, currency)``: an amount in minor units (cents; yen as they are) in the currency's unit.
``number(text, decimal_sign, thousands_sign)``: a number as people write it, as plain digits (text). Currency signs and
codes and spaces of any width go, ``(5)``, ``5-`` and a U+2212 minus are negative, ``62 %`` is 0.62. Thousands signs
count only before groups of three digits, so that 1,5 is never 15. What is no number comes back with a leading ``?``, so
that it cannot be taken for one and is reported.
``local_day(instant, zone)``: the day of an instant in a time zone.
"""
