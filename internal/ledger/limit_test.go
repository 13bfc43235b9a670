package ledger

// rowLimit is the size in bytes above which a result lies in a side file.
const rowLimit = 1 << 20
