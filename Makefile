# Every target does its own set-up first, so each works as the first command after `git clone`.
# What is set up, and what is said when it cannot be, is in .ci/setup.

# Debian gives an unprivileged user no sbin, and that is where iptables lives.
export PATH := $(PATH):/usr/sbin:/sbin
bin := .venv/bin

.PHONY: setup demo test lint bench soak clean

setup: # a .venv in the checkout with netapply in it, and every program that the other targets run
	@.ci/setup setup

demo: # plan, apply, ping and roll back in a throw-away namespace
	@.ci/setup demo
	@$(bin)/netapply demo

test: # unit tests, then the real kernel: namespaces on this one, and the full kernel in a guest
	@.ci/setup test
	$(bin)/pytest tests
	$(bin)/pytest integration

lint:
	@.ci/setup lint
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

bench: # netapply beside ip -batch and ifupdown2, in one run
	@.ci/setup bench
	@.ci/peers run $(bin)/python -m integration.bench

soak: # the same tests, with many more cases
	@.ci/setup soak
	NETAPPLY_SOAK=1 $(bin)/pytest tests integration

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find netapply tests integration -name __pycache__ -prune -exec rm -rf {} +
