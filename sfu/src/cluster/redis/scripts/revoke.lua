do local refused = refusal('open') if refused then return refused end end
put_revocation(call.roomName, call.identity, call.beforeS)
return answer('done', 'done')
