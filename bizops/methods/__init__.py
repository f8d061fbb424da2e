"""Methods: a tidy frame in, a frozen result with its uncertainty out. No tables, no engine, no input or output.

=============  ==========================================================  ==========================================
module         functions                                                   what comes back
=============  ==========================================================  ==========================================
`intervals`    `wilson`, `rate_difference`, `median_interval`              an estimate with its interval and its n
`control`      `xmr`                                                       limits of ordinary variation, signals
`bridge`       `shapley_product`, `price_volume_mix`, `rate_mix`           a `Bridge`: effects that sum exactly
`plan_gap`     `plan_gap`                                                  a `Bridge` from plan to actual, by segment
=============  ==========================================================  ==========================================

Every result has ``.frame`` (tidy, one row an item) and says in words what it could not measure (``.notes`` or
``.reason``). ``docs/methods.md`` gives formula, convention, source and validation of each.
"""
