"""The only HTTP client: address checks, limits, proxy, CA file. What is asked and how an answer is judged is elsewhere.

`model` holds what a caller says and hears (`Fetch`, `Response`, `FetchFailed`), pure; `driver` runs a generator that yields
fetches; `client` does the network; `addresses` and `urls` are the rules, pure.
"""
