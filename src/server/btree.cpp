// Implements btree.hpp with what nbtree exports. Entries are added to a copy of the page, which replaces it
// in one step logged as a full page image: an error on the way leaves the page as it was.
#include "server/btree.hpp"

#include <algorithm>
#include <cstring>

#include "server/compat.hpp"

namespace ferry {
namespace {

// Fewer than these go in one by one for less than the price of a page image.
constexpr size_t fewest = 8;
// Entries that a leaf takes without asking nbtree, which limits them to a third of a page.
constexpr Size largest = BLCKSZ / 4;

Size size_of(IndexTuple entry) {
    return MAXALIGN(IndexTupleSize(entry));
}

OffsetNumber last_of(Page page) {
    return static_cast<OffsetNumber>(PageGetMaxOffsetNumber(page));
}

bool takes_appends(Page page) {
    const BTPageOpaque opaque = BTPageGetOpaque(page);
    return P_ISLEAF(opaque) && P_RIGHTMOST(opaque) && !P_IGNORE(opaque) &&
           last_of(page) >= P_FIRSTDATAKEY(opaque);
}

void set_part(ScanKey part, Datum value, bool null) {
    part->sk_argument = value;
    part->sk_flags = null ? part->sk_flags | SK_ISNULL : part->sk_flags & ~SK_ISNULL;
}

// Makes `key` ask for the entry. Of entries with equal keys, which only an index that is not unique has, the
// row's place decides.
void set_key(BTScanInsert key, Relation index, IndexTuple entry) {
    for (int i = 0; i < key->keysz; ++i) {
        bool null;
        const Datum value = index_getattr(entry, i + 1, RelationGetDescr(index), &null);
        set_part(&key->scankeys[i], value, null);
    }
    key->scantid = index->rd_index->indisunique ? nullptr : &entry->t_tid;
}

struct Filled {
    size_t looked_at, added;
};

// `added` lists the positions of the entries that went in.
Filled fill(Page page, Relation index, BTScanInsert key, IndexTuple const *entries, size_t count,
            size_t *added) {
    Filled done{0, 0};
    for (; done.looked_at < count; ++done.looked_at) {
        IndexTuple const entry = entries[done.looked_at];
        const OffsetNumber last = last_of(page);
        set_key(key, index, entry);
        if (size_of(entry) > largest || _bt_compare(index, key, page, last) <= 0) continue;
        if (PageGetFreeSpace(page) < size_of(entry) ||
            PageAddItem(page, reinterpret_cast<Item>(entry), size_of(entry), OffsetNumberNext(last), false,
                        false) == InvalidOffsetNumber)
            break;
        added[done.added++] = done.looked_at;
    }
    return done;
}

// True when the page can take at least a handful of entries like this one.
bool has_room(Page page, IndexTuple entry) {
    return PageGetFreeSpace(page) >= fewest * (size_of(entry) + sizeof(ItemIdData));
}

// True when the key, if it is in the index, is on this leaf.
bool in_reach(Relation index, BTScanInsert key, Page page) {
    const OffsetNumber first = P_FIRSTDATAKEY(BTPageGetOpaque(page));
    return first <= last_of(page) && _bt_compare(index, key, page, first) >= 0 &&
           _bt_compare(index, key, page, last_of(page)) <= 0;
}

// A copy of a leaf, which stays pinned so that no row of its entries makes room for another one.
struct Leaf {
    Relation index, heap;
    Page page = nullptr;
    Buffer pin = InvalidBuffer, visibility = InvalidBuffer;
    OffsetNumber next = InvalidOffsetNumber;  // where the key after the last one is looked for first
};

void leave(Leaf &leaf) {
    if (BufferIsValid(leaf.pin)) ReleaseBuffer(leaf.pin);
    leaf.pin = InvalidBuffer;
    leaf.next = InvalidOffsetNumber;
}

// Goes to the leaf where the key belongs; false when the index is empty.
bool go_to(Leaf &leaf, BTScanInsert key) {
    leave(leaf);
    BTStack path = compat::search_btree(leaf.index, leaf.heap, key, &leaf.pin);
    if (!BufferIsValid(leaf.pin)) return false;
    if (leaf.page == nullptr) leaf.page = static_cast<Page>(palloc(BLCKSZ));
    std::memcpy(leaf.page, BufferGetPage(leaf.pin), BLCKSZ);
    LockBuffer(leaf.pin, BUFFER_LOCK_UNLOCK);
    _bt_freestack(path);
    return true;
}

bool equals(const Leaf &leaf, BTScanInsert key, OffsetNumber at) {
    return _bt_compare(leaf.index, key, leaf.page, at) == 0;
}

// True when the entries with this key, if there are any, begin at leaf.next, which is so for keys in order.
bool comes_next(const Leaf &leaf, BTScanInsert key) {
    return leaf.next != InvalidOffsetNumber && leaf.next <= last_of(leaf.page) &&
           equals(leaf, key, leaf.next);
}

// The first entry that does not come before the key; one past the last when there is none.
OffsetNumber find_place(const Leaf &leaf, BTScanInsert key) {
    OffsetNumber low = P_FIRSTDATAKEY(BTPageGetOpaque(leaf.page));
    for (OffsetNumber high = OffsetNumberNext(last_of(leaf.page)); low < high;) {
        const auto middle = static_cast<OffsetNumber>((low + high) / 2);
        if (_bt_compare(leaf.index, key, leaf.page, middle) > 0)
            low = OffsetNumberNext(middle);
        else
            high = middle;
    }
    return low;
}

bool has_null(BTScanInsert key) {
    return std::any_of(key->scankeys, key->scankeys + key->keysz,
                       [](const ScanKeyData &part) { return (part.sk_flags & SK_ISNULL) != 0; });
}

// Tells of the entry at `at`, which has the key. Two entries, or one for several rows, tell no place.
Held tell_entry(Leaf &leaf, BTScanInsert key, OffsetNumber at, ItemPointer place) {
    const OffsetNumber last = last_of(leaf.page);
    IndexTuple entry = reinterpret_cast<IndexTuple>(PageGetItem(leaf.page, PageGetItemId(leaf.page, at)));
    leaf.next = InvalidOffsetNumber;
    if (BTreeTupleIsPosting(entry)) return Held::perhaps;
    const bool visible =
        VM_ALL_VISIBLE(leaf.heap, ItemPointerGetBlockNumber(&entry->t_tid), &leaf.visibility);
    if (!visible || has_null(key)) {
        // Behind the end of a leaf that is not the last the key may go on.
        if (at == last && !P_RIGHTMOST(BTPageGetOpaque(leaf.page))) return Held::perhaps;
        if (at < last && equals(leaf, key, OffsetNumberNext(at))) return Held::perhaps;
    }
    leaf.next = OffsetNumberNext(at);
    *place = entry->t_tid;
    return visible && !has_null(key) ? Held::yes : Held::perhaps;
}

// Looks for the key on its leaf.
Held look_on(Leaf &leaf, BTScanInsert key, ItemPointer place) {
    const OffsetNumber at = find_place(leaf, key), last = last_of(leaf.page);
    if (at > last) return P_RIGHTMOST(BTPageGetOpaque(leaf.page)) ? Held::no : Held::perhaps;
    return equals(leaf, key, at) ? tell_entry(leaf, key, at, place) : Held::no;
}

void replace_page(Relation index, Buffer buffer, Page page) {
    CheckForSerializableConflictIn(index, nullptr, BufferGetBlockNumber(buffer));
    START_CRIT_SECTION();
    std::memcpy(BufferGetPage(buffer), page, BLCKSZ);
    MarkBufferDirty(buffer);
    if (RelationNeedsWAL(index)) log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
}

}  // namespace

void find_keys(Relation index, Relation heap, const IndexKeys &keys, Held *held, ItemPointerData *places) {
    std::fill_n(held, keys.count, Held::no);
    const Buffer end = compat::last_btree_leaf(index);
    if (!BufferIsValid(end)) return;
    // Keys behind the last one, which are most of those that are new, need no search.
    Page last = takes_appends(BufferGetPage(end)) ? PageGetTempPageCopy(BufferGetPage(end)) : nullptr;
    UnlockReleaseBuffer(end);
    BTScanInsert key = nullptr;
    Leaf leaf{index, heap};
    for (size_t k = 0; k < keys.count; ++k) {
        if (!keys.wanted[k]) continue;
        ItemPointerSetInvalid(&places[k]);
        CHECK_FOR_INTERRUPTS();
        const Datum *const values = keys.values + k * keys.width;
        const bool *const nulls = keys.nulls + k * keys.width;
        if (key == nullptr)
            key = _bt_mkscankey(index, index_form_tuple(RelationGetDescr(index), const_cast<Datum *>(values),
                                                        const_cast<bool *>(nulls)));
        key->scantid = nullptr;  // any row with this key
        for (int i = 0; i < key->keysz; ++i) set_part(&key->scankeys[i], values[i], nulls[i]);
        if (comes_next(leaf, key)) {
            held[k] = tell_entry(leaf, key, leaf.next, &places[k]);
            continue;
        }
        const bool behind = last != nullptr && _bt_compare(index, key, last, last_of(last)) > 0;
        if (behind) continue;
        const bool near = BufferIsValid(leaf.pin) && in_reach(index, key, leaf.page);
        if (!near && !go_to(leaf, key)) break;
        held[k] = look_on(leaf, key, &places[k]);
    }
    leave(leaf);
    if (BufferIsValid(leaf.visibility)) ReleaseBuffer(leaf.visibility);
    if (leaf.page != nullptr) pfree(leaf.page);
    if (key != nullptr) pfree(key);
    if (last != nullptr) pfree(last);
}

bool stands_behind(Relation index, IndexTuple entry) {
    if (index->rd_rel->relam != BTREE_AM_OID) return false;
    BTScanInsert key = _bt_mkscankey(index, entry);
    const Buffer leaf = key->heapkeyspace ? compat::last_btree_leaf(index) : InvalidBuffer;
    bool behind = false;
    if (BufferIsValid(leaf)) {
        Page page = BufferGetPage(leaf);
        set_key(key, index, entry);
        behind = takes_appends(page) && _bt_compare(index, key, page, last_of(page)) > 0;
        UnlockReleaseBuffer(leaf);
    }
    pfree(key);
    return behind;
}

size_t append_to_btree(Relation index, IndexTuple *entries, size_t count) {
    BTScanInsert key = _bt_mkscankey(index, entries[0]);
    const Buffer buffer = key->heapkeyspace ? compat::last_btree_leaf(index) : InvalidBuffer;
    if (!BufferIsValid(buffer)) return 0;  // still empty, or written by a server before 12
    auto *added = static_cast<size_t *>(palloc(count * sizeof(size_t)));
    LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    Page page = BufferGetPage(buffer);
    Filled done{0, 0};
    if (takes_appends(page) && has_room(page, entries[0])) {
        Page copy = PageGetTempPageCopy(page);
        done = fill(copy, index, key, entries, count, added);
        if (done.added < fewest)
            done = {0, 0};
        else
            replace_page(index, buffer, copy);
        pfree(copy);
    }
    UnlockReleaseBuffer(buffer);
    for (size_t i = 0; i < done.added; ++i) entries[added[i]] = nullptr;
    pfree(added);
    pfree(key);
    return done.looked_at;
}

}  // namespace ferry
