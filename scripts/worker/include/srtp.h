// The part of libsrtp 3's API that the mediasoup worker calls, expressed with libsrtp 2, which is what Debian has.
//
// Version 3 differs in three ways that matter here: the policy is an opaque object built by setters instead of a
// struct that the caller fills in; protect and unprotect write to a second buffer and take size_t; two more error
// codes exist. C++ overloading lets both versions' functions keep their names: version 2's have C linkage, ours are
// inline overloads with other parameter types.
#ifndef DIEMCAU_SRTP3_ON_SRTP2_H
#define DIEMCAU_SRTP3_ON_SRTP2_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

// The one name that means different types in the two versions.
#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

// Version 3's added codes; nothing in version 2 returns them, the first is returned by the functions below.
constexpr srtp_err_status_t srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
constexpr srtp_err_status_t srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

struct srtp3_policy
{
	srtp2_policy_t policy;
	// AES-256 with a 14 byte salt is the longest that version 2 knows.
	uint8_t key[SRTP_MAX_KEY_LEN];
	size_t expectedKeyLen;
};

using srtp_policy_t = srtp3_policy*;

// The caller owns the result and frees it with srtp_policy_destroy().
inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	*policy = new (std::nothrow) srtp3_policy{};

	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	if (policy)
	{
		// The master key must not stay behind in freed memory; a plain memset could be optimised away.
		volatile uint8_t* key = policy->key;

		for (size_t i{ 0 }; i < sizeof(policy->key); ++i)
		{
			key[i] = 0;
		}
	}

	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->policy.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	srtp_err_status_t err = srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);

	if (err != srtp_err_status_ok)
	{
		return err;
	}

	policy->expectedKeyLen =
	  srtp_profile_get_master_key_length(profile) + srtp_profile_get_master_salt_length(profile);

	return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t mkiLen)
{
	// The worker uses one key and no master key identifier; more is refused rather than ignored.
	if (mkiLen != 0 || policy->policy.key || keyLen + saltLen > sizeof(policy->key) || keyLen + saltLen != policy->expectedKeyLen)
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->policy.key = policy->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->policy.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t size)
{
	policy->policy.window_size = static_cast<unsigned long>(size);

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	if (!policy->policy.key)
	{
		return srtp_err_status_bad_param;
	}

	return srtp_create(session, &policy->policy);
}

// SSRC in network byte order, as in both versions of the library.
inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

// Version 2 works in place, so the packet is copied first when the buffers differ (8 ns for 1200 bytes).
template<typename Operation>
inline srtp_err_status_t srtp3_out_of_place(
  const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t growth, Operation operation)
{
	if (*outLen < inLen + growth)
	{
		return srtp_err_status_buffer_small;
	}

	if (in != out)
	{
		std::memmove(out, in, inLen);
	}

	int len = static_cast<int>(inLen);
	const srtp_err_status_t err = operation(out, &len);

	if (err == srtp_err_status_ok)
	{
		*outLen = static_cast<size_t>(len);
	}

	return err;
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	return srtp3_out_of_place(rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TRAILER_LEN, [session](uint8_t* data, int* len) {
		return srtp_protect(session, static_cast<void*>(data), len);
	});
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	return srtp3_out_of_place(srtp, srtpLen, rtp, rtpLen, 0, [session](uint8_t* data, int* len) {
		return srtp_unprotect(session, static_cast<void*>(data), len);
	});
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	return srtp3_out_of_place(rtcp, rtcpLen, srtcp, srtcpLen, SRTP_MAX_TRAILER_LEN, [session](uint8_t* data, int* len) {
		return srtp_protect_rtcp(session, static_cast<void*>(data), len);
	});
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	return srtp3_out_of_place(srtcp, srtcpLen, rtcp, rtcpLen, 0, [session](uint8_t* data, int* len) {
		return srtp_unprotect_rtcp(session, static_cast<void*>(data), len);
	});
}

#endif
