#!/usr/bin/env python3
"""Writes the access log that the demo replays: tools/make_access_log.py > data/access.log

20,000 lines of a day in the Combined Log Format. Everything is invented and comes from a seed, so the same lines come
out every time; client addresses are those reserved for documentation (RFC 5737). A few clients make most requests, as
in real logs, and each walks through the site in sessions, so that the order of a client's lines has a meaning."""
import datetime
import random
import sys

LINES = 20000
START = datetime.datetime(2026, 3, 14, tzinfo=datetime.timezone.utc)
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/134.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) Mobile/15E148",
    "curl/8.12.1",
    "ExampleBot/2.1 (+https://bot.example/about)",
]
PAGES = ["/", "/about", "/mills", "/mills/upper", "/mills/lower", "/shop", "/shop/flour", "/shop/oats", "/shop/cart",
         "/blog", "/blog/why-water-runs", "/blog/the-new-wheel", "/blog/a-leat-in-winter", "/contact",
         "/search?q=wheel"]
ASSETS = ["/static/site.css", "/static/site.js", "/static/wheel.svg", "/favicon.ico"]


class Client:
    def __init__(self, rng, address):
        self.rng, self.address = rng, address
        self.agent = rng.choice(AGENTS)
        self.user = rng.choice(["-"] * 9 + ["ann", "bob", "eve"])
        self.page, self.queue = None, []

    def request(self):
        """(method, path, status, bytes, referer): the next asset of the page, or the next page."""
        if self.queue:
            return self.queue.pop(0)
        rng, referer = self.rng, "https://www.example.org" + self.page if self.page else "-"
        page = rng.choice(PAGES)
        if rng.random() < 0.03:
            return "GET", f"/old/{rng.randrange(500)}.html", 404, 162, referer
        if rng.random() < 0.01:
            return "GET", page, 500, 177, referer
        if page == "/shop/cart" and rng.random() < 0.5:
            return "POST", "/shop/cart", 302, 0, referer
        first, self.page = self.page is None, page
        if first and not self.agent.startswith(("curl", "ExampleBot")):
            self.queue = [("GET", asset, rng.choice([200, 200, 304]), rng.randrange(300, 40000),
                           "https://www.example.org" + page) for asset in ASSETS]
        if rng.random() < 0.1:
            self.page = None  # the session ends here
        return "GET", page, 200, rng.randrange(1800, 60000), referer


def main():
    rng = random.Random(4567)
    networks = ["192.0.2", "198.51.100", "203.0.113"]
    addresses = [f"{network}.{host}" for network in networks for host in range(1, 255)]
    rng.shuffle(addresses)
    clients = [Client(rng, address) for address in addresses]
    weights = [1 / (rank + 3) for rank in range(len(clients))]
    moments = sorted(rng.randrange(86400) for _ in range(LINES))
    for moment in moments:
        client = rng.choices(clients, weights)[0]
        method, path, status, size, referer = client.request()
        time = (START + datetime.timedelta(seconds=moment)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        sys.stdout.write(f'{client.address} - {client.user} [{time}] "{method} {path} HTTP/1.1" {status} '
                         f'{size if status != 304 else 0} "{referer}" "{client.agent}"\n')


if __name__ == "__main__":
    main()
