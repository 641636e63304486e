"""The local stack: a MySQL, a Kafka and our services on this machine, with nothing prepared.

`bootstrap` makes the virtual environment, `install` finds or downloads the programs,
`servers` starts one of each (the tests do so), `supervise` runs and guards them all
(`twinsheet demo` does so).
"""
