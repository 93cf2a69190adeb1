# SPDX-License-Identifier: MIT
#
# Modules. A folder's module.mk says
#     NAME.dir  := the folder
#     NAME.src  := its sources, relative to the folder
#     NAME.uses := the modules whose headers it may include
# A module's headers are included as "NAME/header.h". Each compilation sees only those of the modules in
# its uses: build/obj/include/NAME holds one link, NAME, to the folder, and nothing else.

ALL :=

# A short line per step; V=1 shows the commands themselves.
V ?= 0
ifeq ($(V),1)
Q   :=
say  = @:
else
Q   := @
say  = @echo "  $1"
endif

WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wwrite-strings -Wimplicit-fallthrough \
            -Wvla -Werror

# Reproducible: no path of the build machine in the objects.
PATHMAP := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(CURDIR)/=

INCLUDE := $(OBJ)/include

# $(call module_includes,NAME): the -I options of a module, itself included.
module_includes = $(foreach m,$1 $($1.uses),-I$(INCLUDE)/$m)
# The links that these need.
module_links = $(foreach m,$1 $($1.uses),$(INCLUDE)/$m/$m)

# Old dependency files may name headers that are gone; they match too, and there is nothing to make.
$(INCLUDE)/%: | $(SETUP_BUILD)
	@$(if $($(notdir $*).dir),mkdir -p $(@D) && ln -sfn $(CURDIR)/$($(notdir $*).dir) $@,:)

# $(call module_objects,NAME): its object files.
module_objects = $(addprefix $(OBJ)/$($1.dir)/,$(addsuffix .o,$(basename $($1.src))))
