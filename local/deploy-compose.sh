#!/bin/sh
# Run on a host that has a clone of the repository in ~/ginnel, its own .env there, git and Docker: bring it to a commit.
# `make deploy-compose` sends it there. The schema is expanded first, under the containers of before.
set -eu
cd "$HOME/ginnel"
git fetch --quiet origin "$1"
git checkout --quiet --detach "$1"
docker compose build
docker compose run --rm migrate
docker compose up --detach --remove-orphans
