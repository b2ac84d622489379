#!/bin/sh
# The endpoint and the credentials come from the environment: see ../ecs_setup/run.sh.
set -eu
exec ansible-playbook -i localhost, -c local test.yml "$@"
