// The rights of the log's owner for a scope: nobody but the owner writes to the log, and a guard must see
// what others did. SQL run there names everything with its schema, operators included, and runs nothing of
// anybody else's.
#pragma once

#include "server/boundary.hpp"

namespace ferry {

class AsLogOwner {
  public:
    AsLogOwner();
    ~AsLogOwner() { SetUserIdAndSecContext(user_, context_); }
    AsLogOwner(const AsLogOwner &) = delete;
    AsLogOwner &operator=(const AsLogOwner &) = delete;

  private:
    Oid user_;
    int context_;
};

}  // namespace ferry
