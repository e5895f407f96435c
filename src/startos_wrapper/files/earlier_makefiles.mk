# The blocks and comments of the Makefiles that releases 0.1.0 to 0.6.0 wrote, each once, without those that startos.mk has.
# {} stands for what depends on the answers. Nothing is added here: since 0.7.0, the Makefile is the author's.

BUILDER ?=

.PHONY: all check images {} pack verify size run shell install clean help

all: check images pack verify ## Everything that a release needs

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9_ ]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Look for what the package needs, without building anything
	@test -n "$(ID)" || { echo >&2 "manifest.yaml: no id"; exit 1; }
	@test -n "$(VERSION)" || { echo >&2 "manifest.yaml: no version"; exit 1; }
	@for file in LICENSE icon.png instructions.md{}; do \
	  test -e "$$file" || { echo >&2 "$$file is missing: the package needs it"; exit 1; }; done
	@test "$$(wc -c <icon.png)" -le 102400 || { echo >&2 "icon.png: larger than 100 KiB, StartOS refuses it"; exit 1; }
	@sh -n docker_entrypoint.sh

images: $(IMAGES) ## The images of all processors

{}: docker-images/{}.tar ## The image for {}

docker-images/{}.tar: PLATFORM := {}

$(IMAGES): $(SOURCES)
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@mkdir -p docker-images
	@if [ -n "$(BUILDER)" ]; then docker buildx inspect $(ID)-builder >/dev/null 2>&1 \
	  || docker buildx create --name $(ID)-builder --driver remote "$(BUILDER)"; fi
	docker buildx build$(if $(BUILDER), --builder $(ID)-builder) --platform $(PLATFORM) --tag $(TAG) \
	  --output type=docker,dest=$@.part . || { rm -f $@.part; exit 1; }
	@mv $@.part $@

pack: $(ID).s9pk ## The package

$(ID).s9pk: $(IMAGES) manifest.yaml LICENSE icon.png instructions.md{}
	$(need_sdk)
	@git rev-parse -q --verify HEAD >/dev/null || { echo >&2 "there is no git commit yet: start-sdk needs one (git init, git add, git commit)"; exit 1; }
	start-sdk pack

verify: $(ID).s9pk ## Let start-sdk look at the package
	$(need_sdk)
	start-sdk verify s9pk $(ID).s9pk

size: $(IMAGES) ## How big the images are; fails above MAX_SIZE
	@for image in $(IMAGES); do \
	  size=$$(( ($$(wc -c <"$$image") + 999999) / 1000000 )); echo "$$image $$size MB"; \
	  [ "$$size" -le "$(MAX_SIZE)" ] || { echo >&2 "$$image is larger than $(MAX_SIZE) MB (MAX_SIZE=... allows more)"; exit 1; }; done

RUN += --publish {}:{}

run: docker-images/$(HERE).tar ## Run the service here, with its volumes in .data/
	@docker load --quiet --input $<
	@mkdir -p .data/{}
	docker run --interactive --tty $(RUN) $(TAG)

shell: ## A shell in the container that `make run` started
	docker exec --interactive --tty $(ID) sh

install: $(ID).s9pk ## Install the package on your server
	$(call need,start-cli,build it from the sources of StartOS 0.3.5)
	start-cli package install $(ID).s9pk

clean: ## Remove what was built
	rm -rf docker-images $(ID).s9pk

run: docker-images/$(HERE).tar ## Run the service here, with its volumes in .data/
	@docker load --quiet --input $<
	docker run --interactive --tty $(RUN) $(TAG)

PLATFORM_{} := {}

address := $(findstring ://,$(BUILDER))

builder := $(if $(address),startos-wrapper-$(shell echo '$(BUILDER)' | cksum | cut -d ' ' -f 1),$(BUILDER))

driver := $(if $(address),remote '$(BUILDER)',docker-container)

create := $(if $(address)$(filter startos-wrapper,$(BUILDER)),docker buildx create --name $(builder) --driver $(driver) >/dev/null,:)

$(IMAGES): docker-images/%.tar: $(SOURCES)
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@docker buildx inspect $(builder) >/dev/null 2>&1 || $(create) || :
	@platforms=$$(docker buildx inspect --bootstrap $(builder)) || { \
	  echo >&2 "the builder $(builder) does not start: is Docker running, and is BUILDER right?"; exit 1; }; \
	case "$$platforms" in *$(PLATFORM_$*)*) ;; *) \
	  echo >&2 "the builder $(builder) cannot run $(PLATFORM_$*): install qemu-user-static with binfmt support, then docker buildx rm $(builder)"; exit 1; esac
	@mkdir -p docker-images .build
	@trap 'rm -f .build/$*.tar' EXIT; trap 'exit 130' INT TERM; \
	docker buildx build --builder $(builder) --platform $(PLATFORM_$*) --tag $(TAG) --output type=docker,dest=.build/$*.tar . \
	  && mv .build/$*.tar $@ || { echo >&2 "$@ was not made: docker says above why"; exit 1; }

$(ID).s9pk: $(IMAGES) manifest.yaml LICENSE icon.png instructions.md{}
	@git rev-parse -q --verify HEAD >/dev/null 2>&1 || { echo >&2 "there is no git commit yet: start-sdk needs one (git init, git add, git commit)"; exit 1; }
	$(need_sdk)
	start-sdk pack

size: $(IMAGES) ## How big the images are; fails above MAX_SIZE
	@for image in $(IMAGES); do \
	  layers=$$(tar -xOf "$$image" manifest.json | sed 's/.*"Layers":\[\([^]]*\)\].*/\1/' | tr -d '"' | tr ',' ' '); \
	  bytes=$$(for layer in $$layers; do tar -xOf "$$image" "$$layer" | gzip -cdf; done | wc -c); \
	  echo "$$image $$(( bytes / 1000000 )).$$(( bytes / 100000 % 10 )) MB"; \
	  test "$$bytes" -le $$(( $(MAX_SIZE) * 1000000 )) || { \
	    echo >&2 "$$image is larger than $(MAX_SIZE) MB (MAX_SIZE=... allows more)"; exit 1; }; done

run: docker-images/$(ARCH).tar ## Run the service here, with its volumes in .data/
	@docker load --quiet --input $< >/dev/null
	@said=$$(docker run --rm $(PUBLISH) --platform $(PLATFORM_$(ARCH)) --entrypoint true $(TAG) 2>&1) || case "$$said" in \
	  *"in use"* | *"already allocated"*) echo >&2 "a port is in use: stop what listens there, or choose another: \
	make run PUBLISH='$(PUBLISH)'"; exit 1; esac
	@mkdir -p .data/{}
	@test -t 0 && tty=--tty || tty=; docker run --interactive $$tty $(RUN) $(PUBLISH) --platform $(PLATFORM_$(ARCH)) $(TAG)

shell: ## A shell in the container that `make run` started
	@test -t 0 && tty=--tty || tty=; docker exec --interactive $$tty $(ID) sh

clean: ## Remove what was built
	rm -rf .build docker-images $(ID).s9pk

run: docker-images/$(ARCH).tar ## Run the service here, with its volumes in .data/
	@docker load --quiet --input $< >/dev/null
	@said=$$(docker run --rm $(PUBLISH) --platform $(PLATFORM_$(ARCH)) --entrypoint true $(TAG) 2>&1) || case "$$said" in \
	  *"in use"* | *"already allocated"*) echo >&2 "a port is in use: stop what listens there, or choose another: \
	make run PUBLISH='$(PUBLISH)'"; exit 1; esac
	@test -t 0 && tty=--tty || tty=; docker run --interactive $$tty $(RUN) $(PUBLISH) --platform $(PLATFORM_$(ARCH)) $(TAG)

.PHONY: all check images {} pack verify size run shell install template clean help

check: ## Look for every fault, without building anything
	@test -n "$(ID)" || { echo >&2 "manifest.yaml: no id"; exit 1; }
	@test -n "$(VERSION)" || { echo >&2 "manifest.yaml: no version"; exit 1; }
	@if command -v startos-wrapper >/dev/null; then startos-wrapper check --format $(FORMAT); \
	else echo >&2 "startos-wrapper is missing, so nothing was checked. To get it: pipx install '$$($(MAKE) -s template)'"; fi

template: ## Where pipx finds startos-wrapper: the template of this wrapper
	@commit=$$(sed -n 's/^_commit: *//p' .copier-answers.yml); \
	sed -n 's/^_src_path: *//p' .copier-answers.yml | sed "s|^gh:|https://github.com/|; s|^gl:|https://gitlab.com/|; \
	  s|^git@\([^:/]*\):|ssh://git@\1/|; s|^https:|git+https:|; s|^ssh:|git+ssh:|; s|^git+.*|&@$$commit|"

$(IMAGES): docker-images/%.tar: $(SOURCES)
	@test -e {}/.git || { echo >&2 "the submodule {} is not there: README.md says how to get it"; exit 1; }
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@docker buildx inspect $(builder) >/dev/null 2>&1 || $(create) || :
	@platforms=$$(docker buildx inspect --bootstrap $(builder)) || { \
	  echo >&2 "the builder $(builder) does not start: is Docker running, and is BUILDER right?"; exit 1; }; \
	case "$$platforms" in *$(PLATFORM_$*)*) ;; *) \
	  echo >&2 "the builder $(builder) cannot run $(PLATFORM_$*): install qemu-user-static with binfmt support, then docker buildx rm $(builder)"; exit 1; esac
	@mkdir -p docker-images .build
	@trap 'rm -f .build/$*.tar' EXIT; trap 'exit 130' INT TERM; \
	docker buildx build --builder $(builder) --platform $(PLATFORM_$*) --tag $(TAG) --output type=docker,dest=.build/$*.tar $(BUILD_ARGS) . \
	  && mv .build/$*.tar $@ || { echo >&2 "$@ was not made: docker says above why"; exit 1; }

$(ID).s9pk: $(IMAGES) manifest.yaml {}
	@git rev-parse -q --verify HEAD >/dev/null 2>&1 || { echo >&2 "there is no git commit yet: start-sdk needs one (git init, git add, git commit)"; exit 1; }
	$(need_sdk)
	start-sdk pack

$(IMAGES): docker-images/%.tar: $(SOURCES)
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@docker buildx inspect $(builder) >/dev/null 2>&1 || $(create) || :
	@platforms=$$(docker buildx inspect --bootstrap $(builder)) || { \
	  echo >&2 "the builder $(builder) does not start: is Docker running, and is BUILDER right?"; exit 1; }; \
	case "$$platforms" in *$(PLATFORM_$*)*) ;; *) \
	  echo >&2 "the builder $(builder) cannot run $(PLATFORM_$*): install qemu-user-static with binfmt support, then docker buildx rm $(builder)"; exit 1; esac
	@mkdir -p docker-images .build
	@trap 'rm -f .build/$*.tar' EXIT; trap 'exit 130' INT TERM; \
	docker buildx build --builder $(builder) --platform $(PLATFORM_$*) --tag $(TAG) --output type=docker,dest=.build/$*.tar $(BUILD_ARGS) . \
	  && mv .build/$*.tar $@ || { echo >&2 "$@ was not made: docker says above why"; exit 1; }

all: check images pack verify ## Do everything that a release needs

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9_ ]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Check the wrapper, without building anything
	@test -n "$(ID)" || { echo >&2 "manifest.yaml: no id"; exit 1; }
	@test -n "$(VERSION)" || { echo >&2 "manifest.yaml: no version"; exit 1; }
	@if command -v startos-wrapper >/dev/null; then startos-wrapper check --format $(FORMAT); \
	else echo >&2 "startos-wrapper is missing, so nothing was checked. Install it: pipx install '$$($(MAKE) -s template)'"; fi

template: ## Show where pipx can install startos-wrapper from
	@commit=$$(sed -n 's/^_commit: *//p' .copier-answers.yml); \
	sed -n 's/^_src_path: *//p' .copier-answers.yml | sed "s|^gh:|https://github.com/|; s|^gl:|https://gitlab.com/|; \
	  s|^git@\([^:/]*\):|ssh://git@\1/|; s|^https:|git+https:|; s|^ssh:|git+ssh:|; s|^git+.*|&@$$commit|"

images: $(IMAGES) ## Build the images for all architectures

{}: docker-images/{}.tar ## Build the image for {}

$(IMAGES): docker-images/%.tar: $(SOURCES)
	@test -e {}/.git || { echo >&2 "the submodule {} is missing: README.md says how to get it"; exit 1; }
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@docker buildx inspect $(builder) >/dev/null 2>&1 || $(create) || :
	@platforms=$$(docker buildx inspect --bootstrap $(builder)) || { \
	  echo >&2 "the builder $(builder) doesn't start: is Docker running, and is BUILDER right?"; exit 1; }; \
	case "$$platforms" in *$(PLATFORM_$*)*) ;; *) \
	  echo >&2 "the builder $(builder) can't run $(PLATFORM_$*): install qemu-user-static with binfmt support, then docker buildx rm $(builder)"; exit 1; esac
	@mkdir -p docker-images .build
	@trap 'rm -f .build/$*.tar' EXIT; trap 'exit 130' INT TERM; \
	docker buildx build --builder $(builder) --platform $(PLATFORM_$*) --tag $(TAG) --output type=docker,dest=.build/$*.tar $(BUILD_ARGS) . \
	  && mv .build/$*.tar $@ || { echo >&2 "$@ was not built: see the output of docker above"; exit 1; }

pack: $(ID).s9pk ## Build the package

$(ID).s9pk: $(IMAGES) manifest.yaml {}
	@git rev-parse -q --verify HEAD >/dev/null 2>&1 || { echo >&2 "there is no git commit yet, and start-sdk needs one: git init, git add, git commit"; exit 1; }
	$(need_sdk)
	start-sdk pack

verify: $(ID).s9pk ## Verify the package with start-sdk
	$(need_sdk)
	start-sdk verify s9pk $(ID).s9pk

size: $(IMAGES) ## Show how big the images are; fail above MAX_SIZE
	@for image in $(IMAGES); do \
	  layers=$$(tar -xOf "$$image" manifest.json | sed 's/.*"Layers":\[\([^]]*\)\].*/\1/' | tr -d '"' | tr ',' ' '); \
	  bytes=$$(for layer in $$layers; do tar -xOf "$$image" "$$layer" | gzip -cdf; done | wc -c); \
	  echo "$$image $$(( bytes / 1000000 )).$$(( bytes / 100000 % 10 )) MB"; \
	  test "$$bytes" -le $$(( $(MAX_SIZE) * 1000000 )) || { \
	    echo >&2 "$$image is larger than $(MAX_SIZE) MB (MAX_SIZE=... allows more)"; exit 1; }; done

run: docker-images/$(ARCH).tar ## Run the service on this machine, with its volumes in .data/
	@docker load --quiet --input $< >/dev/null
	@said=$$(docker run --rm $(PUBLISH) --platform $(PLATFORM_$(ARCH)) --entrypoint true $(TAG) 2>&1) || case "$$said" in \
	  *"in use"* | *"already allocated"*) echo >&2 "a port is in use: stop whatever uses it, or choose another one: \
	make run PUBLISH='$(PUBLISH)'"; exit 1; esac
	@mkdir -p .data/{}
	@test -t 0 && tty=--tty || tty=; docker run --interactive $$tty $(RUN) $(PUBLISH) --platform $(PLATFORM_$(ARCH)) $(TAG)

shell: ## Open a shell in the container that `make run` started
	@test -t 0 && tty=--tty || tty=; docker exec --interactive $$tty $(ID) sh

clean: ## Remove everything that was built
	rm -rf .build docker-images $(ID).s9pk

$(IMAGES): docker-images/%.tar: $(SOURCES)
	$(need_docker)
	@docker buildx version >/dev/null 2>&1 || { echo >&2 "docker has no buildx: install the docker-buildx plugin"; exit 1; }
	@docker buildx inspect $(builder) >/dev/null 2>&1 || $(create) || :
	@platforms=$$(docker buildx inspect --bootstrap $(builder)) || { \
	  echo >&2 "the builder $(builder) doesn't start: is Docker running, and is BUILDER right?"; exit 1; }; \
	case "$$platforms" in *$(PLATFORM_$*)*) ;; *) \
	  echo >&2 "the builder $(builder) can't run $(PLATFORM_$*): install qemu-user-static with binfmt support, then docker buildx rm $(builder)"; exit 1; esac
	@mkdir -p docker-images .build
	@trap 'rm -f .build/$*.tar' EXIT; trap 'exit 130' INT TERM; \
	docker buildx build --builder $(builder) --platform $(PLATFORM_$*) --tag $(TAG) --output type=docker,dest=.build/$*.tar $(BUILD_ARGS) . \
	  && mv .build/$*.tar $@ || { echo >&2 "$@ was not built: see the output of docker above"; exit 1; }

run: docker-images/$(ARCH).tar ## Run the service on this machine, with its volumes in .data/
	@docker load --quiet --input $< >/dev/null
	@said=$$(docker run --rm $(PUBLISH) --platform $(PLATFORM_$(ARCH)) --entrypoint true $(TAG) 2>&1) || case "$$said" in \
	  *"in use"* | *"already allocated"*) echo >&2 "a port is in use: stop whatever uses it, or choose another one: \
	make run PUBLISH='$(PUBLISH)'"; exit 1; esac
	@test -t 0 && tty=--tty || tty=; docker run --interactive $$tty $(RUN) $(PUBLISH) --platform $(PLATFORM_$(ARCH)) $(TAG)

# The manifest is the one place where id and version are written.
# What an image is built from.
# A BuildKit on another address, for example BUILDER=tcp://builder:1234
# The largest image that `make size` lets through, in MB.
# This machine's processor, by StartOS's name.
# The tar gets its name when it is complete, so an interrupted build leaves none that looks done.
# The volumes of `make run`, as in the manifest.
# The usual one is made when it is first needed, and shared by all wrappers on this machine.
# The ports of this machine that `make run` opens.
# The processor that `make run` runs the image of: this machine's if there is one, by StartOS's name.
# A builder at an address gets a name of its own from it; one that somebody has named is theirs to make.
# The tar is written elsewhere and gets its name when it is complete: start-sdk packs whatever lies in docker-images/.
# What the layers of an image take when they are unpacked, as on the server.
# Of the submodule, all files but those whose names make would misread.
# What this service needs beside goes into service.mk: a file of yours, if there is one, that no update touches. It may add to
# SOURCES and BUILD_ARGS (what docker buildx build is told), hold rules, and add to what a rule below needs.
# What the images are built from.
# Put your own targets in service.mk, an optional file that no update touches. It can also add to SOURCES, to BUILD_ARGS
# (options for docker buildx build), and to the prerequisites of the targets below.
# A builder at an address gets a name derived from it. A builder that you name must already exist.

# What an image is built from.
SOURCES := Dockerfile docker_entrypoint.sh manifest.yaml $(shell find service -type f -not -path '*/target/*')

# What an image is built from.
SOURCES := Dockerfile docker_entrypoint.sh manifest.yaml
