// common/own_files.h: opens files and folders safely where another user of the
// machine may have planted links or files.
//
// There are three kinds of paths, each with its own rule:
//   named    a path that the user typed. In a folder that everybody may write
//            to, a link is followed only if it belongs to the user, to root or
//            to the owner of the folder. This is the kernel's rule
//            protected_symlinks, here also for folders without the sticky bit.
//   beneath  a name from a list, below a folder. No link is followed, and no
//            other file system is entered.
//   private  a folder for files of this program. It belongs to the user or to
//            root, and nobody else may write to it. Each file in it is a
//            regular file without a second hard link, with such an owner.
//
// Threads  any.
// Errors   kUsage if another user may have planted the file; the text says how
//          to mend it. Otherwise the error of the system call.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// ---- named ---------------------------------------------------------------

// A path with all its links resolved: the file `name` in `folder` exists and is
// no link, or does not exist and can be made.
struct Place {
  UniqueFd folder;  // O_PATH
  std::string name;
  bool magic = false;  // `name` is a link of /proc, as for /dev/stdout
};

// Resolves `path`. If `make` is set, makes the missing folders above its last
// part (mode 0777).
[[nodiscard]] Result<Place> FindPlace(const std::string& path, bool make);
// Opens the folder `path`. Makes it with `mode` if it does not exist.
[[nodiscard]] Result<UniqueFd> OpenNamedFolder(const std::string& path,
                                               mode_t mode = 0777);
[[nodiscard]] Result<UniqueFd> OpenNamedFile(const std::string& path, int flags,
                                             mode_t mode);
// Works like mkdir -p. The last folder gets `mode` if it is new; an existing
// folder keeps its mode. Fails if a part of the path exists and is no folder.
[[nodiscard]] Status MakeFolders(const std::string& path, mode_t mode = 0777);

// ---- beneath -------------------------------------------------------------

// Opens the folder `relative` below `root`; "" is `root` itself. Fails with
// ELOOP at a link and with EXDEV at a mount point.
[[nodiscard]] Result<UniqueFd> OpenBeneath(int root,
                                           const std::string& relative);

// ---- private -------------------------------------------------------------

// Opens the folder `path`. Makes it (mode 0700) and the folders above it if
// they do not exist.
[[nodiscard]] Result<UniqueFd> OpenPrivateFolder(const std::string& path);
// Opens the folder `path` and makes nothing. Fails with kNotFound if it does
// not exist.
[[nodiscard]] Result<UniqueFd> FindPrivateFolder(const std::string& path);
// Does the same as OpenPrivateFolder() for `name` in `folder`. Errors show the
// path as `shown`.
[[nodiscard]] Result<UniqueFd> OpenPrivateFolderAt(int folder,
                                                   const std::string& name,
                                                   const std::string& shown);
// Opens a file of this program. Fails with kUsage if the file is a link, is no
// regular file, has a second hard link, or belongs to another user.
[[nodiscard]] Result<UniqueFd> OpenOwnFile(int folder, const std::string& name,
                                           int flags, mode_t mode,
                                           const std::string& shown);
// Removes the rights of group and others from the file, if it exists.
[[nodiscard]] Status CloseToOthers(int folder, const std::string& name,
                                   const std::string& shown);

// ---- stdio ---------------------------------------------------------------

// Call first in main(). Opens /dev/null for each of the descriptors 0, 1 and 2
// that is closed, so that no later file gets that number.
void FillStdio();
// Returns whether descriptor 0 was closed when main() called FillStdio().
[[nodiscard]] bool StdinWasClosed();

}  // namespace thumbmill
