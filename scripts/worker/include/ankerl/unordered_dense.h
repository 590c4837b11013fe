// A stand-in for the header of the same name, which Debian does not package. The worker only needs the three
// templates below, and only in ways in which the standard library's containers behave alike: look-up, insertion,
// iteration, and erasing through the iterator that erase() returns. What differs is speed alone.
#ifndef DIEMCAU_ANKERL_UNORDERED_DENSE_H
#define DIEMCAU_ANKERL_UNORDERED_DENSE_H

#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	template<typename T>
	using hash = std::hash<T>;

	template<typename Key, typename T, typename Hash = std::hash<Key>, typename Equal = std::equal_to<Key>>
	using map = std::unordered_map<Key, T, Hash, Equal>;

	template<typename Key, typename Hash = std::hash<Key>, typename Equal = std::equal_to<Key>>
	using set = std::unordered_set<Key, Hash, Equal>;
} // namespace ankerl::unordered_dense

#endif
