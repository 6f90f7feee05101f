"""Sources of prices as data, from their published documentation; docs/prices.md names the pages. None was tried against the real server.

A row has fields of [[price_source]] that need not be written then. In url and body {area}, {product}, {key}, {from} and {to} (UTC) have their values.
key_header: where the key goes. rows: paths to lists of prices, those that are there are put together; "": the answer itself. Where start and price
lead to lists, the rows are columns. unit_at: path of a text as "EUR/MWh", beside the row or in the answer; currency_at: of a currency alone.
"""

_TIBBER = ("{viewer{homes{currentSubscription{priceInfo(resolution: QUARTER_HOURLY)"
           "{today{total startsAt currency} tomorrow{total startsAt currency}}}}}}")

PRESETS = {
    "json": {},
    "file": {"every_min": 5},
    "energy-charts": {
        "url": "https://api.energy-charts.info/price?bzn={area}&start={from}&end={to}", "area": "DE-LU",
        "start": "unix_seconds", "price": "price", "unit": "MWh", "unit_at": "unit"},
    "awattar-de": {
        "url": "https://api.awattar.de/v1/marketdata", "rows": ("data",), "start": "start_timestamp", "end": "end_timestamp", "price": "marketprice",
        "unit": "MWh", "unit_at": "unit"},
    "awattar-at": {
        "url": "https://api.awattar.at/v1/marketdata", "rows": ("data",), "start": "start_timestamp", "end": "end_timestamp", "price": "marketprice",
        "unit": "MWh", "unit_at": "unit"},
    "tibber": {
        "url": "https://api.tibber.com/v1-beta/gql", "body": '{"query": "%s"}' % _TIBBER, "key_header": "Authorization: Bearer {key}",
        "rows": tuple("data.viewer.homes.0.currentSubscription.priceInfo.%s" % day for day in ("today", "tomorrow")),
        "start": "startsAt", "price": "total", "currency_at": "currency"},
    "octopus-agile": {
        "url": "https://api.octopus.energy/v1/products/{product}/electricity-tariffs/E-1R-{product}-{area}/standard-unit-rates/?page_size=200",
        "product": "AGILE-24-10-01", "rows": ("results",), "start": "valid_from", "end": "valid_to", "price": "value_exc_vat",
        "unit": "cent/kWh", "currency": "GBP", "timezone": "Europe/London"},
    "amber": {
        "url": "https://api.amber.com.au/v1/sites/{area}/prices/current?next=96&resolution=30", "key_header": "Authorization: Bearer {key}",
        "start": "startTime", "end": "endTime", "price": "perKwh", "unit": "cent/kWh", "currency": "AUD", "only": ("channelType=general",)},
    "home-assistant": {"rows": ("", "raw_today", "raw_tomorrow"), "start": "start", "end": "end", "price": "value"},
}
NEEDS_KEY = ("tibber", "amber")
NEEDS_AREA = ("octopus-agile", "amber")
