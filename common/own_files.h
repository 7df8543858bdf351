// common/own_files.h: opens what another user of the machine may have prepared.
//
// Three rules, from the least to the most that is trusted:
//   named    a path that the user typed. A link on the way is followed as
//            protected_symlinks says, and in every folder that all may write
//            to, sticky or not: only the user's own, root's, or that of the
//            owner of the folder.
//   beneath  a name that came from a list, below a folder. No link is
//            followed, and no other file system is entered.
//   private  a folder that holds our own files. It belongs to the user or to
//            root, nobody else may write to it, and each file in it is a
//            regular one with one name and such an owner.
//
// Threads  any.
// Errors   kUsage where another user may have had a hand in it: the text says
//          what to do. Else as the system says.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// ---- named ---------------------------------------------------------------

// Where a file is or may be made: `name` in `folder` is no link that could be
// followed further.
struct Place {
  UniqueFd folder;  // O_PATH
  std::string name;
  bool magic = false;  // a link of /proc, such as /dev/stdout leads to
};

// Makes folders that are missing on the way (mode 0777) if `make` is set.
[[nodiscard]] Result<Place> FindPlace(const std::string& path, bool make);
// The folder itself; where it is missing it is made with `mode`.
[[nodiscard]] Result<UniqueFd> OpenNamedFolder(const std::string& path,
                                               mode_t mode = 0777);
[[nodiscard]] Result<UniqueFd> OpenNamedFile(const std::string& path, int flags,
                                             mode_t mode);
// mkdir -p; the last one gets `mode` if it is made, a folder that exists keeps
// its own. Fails when a part exists and is no folder.
[[nodiscard]] Status MakeFolders(const std::string& path, mode_t mode = 0777);

// ---- beneath -------------------------------------------------------------

// The folder `relative` of `root`; "" is `root` itself. Fails with ELOOP at a
// link, with EXDEV at a mount point.
[[nodiscard]] Result<UniqueFd> OpenBeneath(int root,
                                           const std::string& relative);

// ---- private -------------------------------------------------------------

// Makes it (mode 0700) where it is missing, with what is missing above it.
[[nodiscard]] Result<UniqueFd> OpenPrivateFolder(const std::string& path);
// `shown` is its path, for errors.
[[nodiscard]] Result<UniqueFd> OpenPrivateFolderAt(int folder,
                                                   const std::string& name,
                                                   const std::string& shown);
[[nodiscard]] Result<UniqueFd> OpenOwnFile(int folder, const std::string& name,
                                           int flags, mode_t mode,
                                           const std::string& shown);
// Takes all rights of others to it away, if it is there.
[[nodiscard]] Status CloseToOthers(int folder, const std::string& name,
                                   const std::string& shown);

// ---- stdio ---------------------------------------------------------------

// Comes first in main(): puts /dev/null where descriptor 0, 1 or 2 is closed,
// so that no file of ours gets such a number.
void FillStdio();
// Whether descriptor 0 was closed when FillStdio() came.
[[nodiscard]] bool StdinWasClosed();

}  // namespace thumbmill
