import asyncio

from ginnel import migrations

asyncio.run(migrations.prepare())
